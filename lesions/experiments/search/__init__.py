"""Searching for better parameters: Optuna asks, DVC runs each trial as an experiment."""
