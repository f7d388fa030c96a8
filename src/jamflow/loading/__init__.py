"""From names and files to models, renderers and trackers that are ready to use."""
