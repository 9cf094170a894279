"""Following a training from outside, behind one callback."""
