"""Finding copies: images of the same bytes, and images that show the same picture altered."""
