"""Reading params.yaml, a strict section at a time."""
