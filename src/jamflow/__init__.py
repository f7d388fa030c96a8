"""JAM-Flow: speech and facial motion from one flow-matching model (arXiv 2506.23552)."""

__version__ = "0.1.0"
