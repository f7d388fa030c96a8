"""What the benchmarks have in common: the runner, the report, options, clips, and ways to watch and listen."""
