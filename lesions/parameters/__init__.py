"""Reading the strict sections of params.yaml, and writing presets into it."""
