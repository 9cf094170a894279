"""What costs next to nothing and what sees no lesion: regressions for the networks to be compared with."""
