"""Programs that a benchmark runs as processes of their own, so that one measurement does not touch another."""
