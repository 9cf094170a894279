"""Predictions, and the figures that judge them."""
