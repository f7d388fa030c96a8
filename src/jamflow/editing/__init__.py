"""Replacing words in a recording: where the new ones go in time, and how they are cut in."""
