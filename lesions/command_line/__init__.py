"""The commands of the program `lesions`."""
