"""The second stage of diagnosis: places in the student's code, and exact relations. Start at `explain.py`."""
