"""The tables in data/: their columns, and how they are read and written."""
