"""Runs a student's code on chosen inputs and says what is right, what is not, and why."""
