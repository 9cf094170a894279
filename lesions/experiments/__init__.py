"""What `dvc exp` left: folds and repeats, pooled and compared."""
