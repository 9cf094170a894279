"""The command line of a stage, and of the program `lesions`."""
