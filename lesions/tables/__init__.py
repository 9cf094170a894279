"""The tables in data/: their columns, their readers and their writers."""
