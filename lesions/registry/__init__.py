"""Released models: the tags that name them, their manifests and signatures, and fetching them without DVC."""
