"""From what people write to what models read."""
