"""Other words for somebody who was recorded: all of what is said, or a stretch of it."""
