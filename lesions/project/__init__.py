"""The DVC project: where it is, and its files at a revision."""
