"""LivePortrait's networks and its way from motion to picture (arXiv 2407.03168), by the official weights."""
