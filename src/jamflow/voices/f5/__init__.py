"""How `base` speaks: F5-TTS, in the voice of a recording whose text is known."""
