"""LoadedModel of `against_official.py`: ours and the official code, side by side. See benchmarks/README.md."""
