"""How a stage runs: its command line, its failures, its progress, its timing, and the code that it reaches."""
