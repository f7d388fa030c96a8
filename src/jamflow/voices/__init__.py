"""Who speaks: how a model takes up a voice and reads a text in it."""
