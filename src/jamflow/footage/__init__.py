"""Input videos: frame times, the tracked face and its lip motion."""
