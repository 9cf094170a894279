"""The look of plots."""
