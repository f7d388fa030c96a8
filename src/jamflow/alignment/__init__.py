"""When something is said: text against a recording, and text against visible lips."""
