"""The instructors' half of Cattern: releasing, grading, explaining. Never shipped to students."""
