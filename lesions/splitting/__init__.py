"""Grouping images that belong together, and assigning whole groups to the splits."""
