"""What DVC stores: whether all objects that the lock names are on the remote and in the cache, and are whole."""
