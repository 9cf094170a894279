"""Live tracking of a training, behind one callback."""
