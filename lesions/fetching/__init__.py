"""Downloading published datasets and unpacking them into a folder."""
