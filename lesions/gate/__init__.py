"""The regression gate: whether new metrics are good enough beside those of another revision."""
