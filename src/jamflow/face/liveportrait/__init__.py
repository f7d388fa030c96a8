"""LivePortrait (arXiv 2407.03168): its networks with the official weights, as a tracker and a renderer."""
