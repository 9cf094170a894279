"""Training a network on cached images."""
