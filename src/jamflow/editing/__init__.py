"""Other words in a recording: where they go in time, and how they are cut in."""
