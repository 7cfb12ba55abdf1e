"""For teachers: exercises with friendly numbers, handouts, and the grading of a class."""
