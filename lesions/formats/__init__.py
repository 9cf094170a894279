"""Writing and reading files: atomically, and with the same bytes each time."""
