"""What an exported file says of itself, and whether it predicts as the network does."""
