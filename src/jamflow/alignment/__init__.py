"""When something is said: text against sound, and text against visible lips."""
