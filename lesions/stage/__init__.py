"""Running a stage: its command line, its errors, its progress, its timing, and the code that it reaches."""
