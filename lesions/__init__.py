"""What the stages of the pipeline share, a folder for each subject."""
