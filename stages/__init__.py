"""The stages of the pipeline, one verb per file; README.md draws the DAG."""
