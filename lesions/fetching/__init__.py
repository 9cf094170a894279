"""Published datasets, from where they were published to a folder."""
