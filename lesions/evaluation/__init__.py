"""Predictions, and the scores that judge them."""
