"""A video that is given: its frames and when they are shown, the face in it and its lips."""
