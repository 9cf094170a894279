"""How files are written and read: atomically, and the same to the byte each time."""
