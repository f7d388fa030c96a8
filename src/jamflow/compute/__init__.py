"""How this machine multiplies: threads, matrix products, number formats."""
