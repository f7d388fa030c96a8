"""Which weights exist, where they are, how large, with which hash and under which licence."""
