"""Loads models, renderers and trackers by name or from files."""
