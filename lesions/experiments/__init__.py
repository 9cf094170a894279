"""The experiments of `dvc exp`: folds and repeats, pooled and compared."""
