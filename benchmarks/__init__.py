"""Measurements of JAM-Flow. `python -m benchmarks` lists them; README.md says how to add one."""
