"""From raw video and sound, as people have them, to shards that training reads."""
