"""The stages of the pipeline, a verb for each file; README.md draws how they hang together."""
