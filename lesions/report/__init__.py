"""The report page: its plots, sentences and warnings."""
