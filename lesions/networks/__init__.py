"""The networks, and the checkpoints that hold them."""
