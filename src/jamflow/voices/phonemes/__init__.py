"""How `mini` speaks: phonemes laid out in time, in its own voice or after a prompt."""
