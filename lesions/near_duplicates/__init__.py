"""Finding near duplicates: identical files, and images that are altered copies of the same picture."""
