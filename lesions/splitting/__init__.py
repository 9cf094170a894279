"""Assigning whole groups of images to the splits, and checking the result."""
