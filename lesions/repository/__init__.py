"""A repository of one's own: what `lesions init` makes, and what brings a later version into it."""
