"""The page that a team looks at: its pictures, sentences and warnings."""
