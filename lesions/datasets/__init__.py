"""What a dataset is, and an adapter for each one that the pipeline reads."""
