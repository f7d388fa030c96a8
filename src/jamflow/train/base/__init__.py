"""Training of `base`: LivePortrait's key points, F5-TTS's text, on any number of processes (JAM-Flow sections 4.6 and 5)."""
