"""Decoding each image file once, and reading all images back as one array."""
