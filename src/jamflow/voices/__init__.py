"""Who speaks: how a model takes up a voice and reads text in it."""
