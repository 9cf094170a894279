"""Running a revision anew in a clone of its own, and judging how far its results come out again."""
