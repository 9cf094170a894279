"""Grouping images that belong together, and sharing the groups out to the splits."""
