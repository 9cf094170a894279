"""The device that computes, and how it is set up."""
