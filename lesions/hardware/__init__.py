"""The hardware: choosing and setting up the device, and measuring memory, disk and processors."""
