"""Decoding image files once, and reading them back as one array."""
