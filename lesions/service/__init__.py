"""Answering for images over HTTP."""
