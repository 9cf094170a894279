"""Reading datasets: an adapter for each layout, and one validated row per image."""
