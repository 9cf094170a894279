"""How figures look, and those that more than one stage draws."""
