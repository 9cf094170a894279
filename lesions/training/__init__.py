"""Turning cached images into a trained network."""
