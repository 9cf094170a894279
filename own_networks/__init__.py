"""Networks of one's own, one file each: see docs/add-a-network.md."""
