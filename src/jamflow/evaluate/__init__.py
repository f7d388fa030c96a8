"""Metrics: what was heard, how it sounds, whose voice it is, and whether the lips move with it."""
