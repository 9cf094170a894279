"""The regression gate: the metrics of two revisions, and whether the newer ones will do."""
