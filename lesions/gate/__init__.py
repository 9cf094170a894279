"""The regression gate: whether the newer metrics of two revisions are good enough."""
