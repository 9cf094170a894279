"""Baselines and probes: logistic regressions with which the networks are compared."""
