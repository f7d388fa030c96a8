"""Between people and streams: text and a voice become conditions, and mel becomes sound."""
