"""From conditions to streams: one call of the model, windows of long motion, and pieces of a result."""
