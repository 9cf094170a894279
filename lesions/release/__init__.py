"""Releasing a model of the run: what speaks against it, its commit and tag, and its stages."""
