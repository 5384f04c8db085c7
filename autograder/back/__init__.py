"""What goes back: feedback to students, the class to the instructor."""
