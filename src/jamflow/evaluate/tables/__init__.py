"""The paper's tables as protocols, for anybody's results: `run` reads a CSV of pairs and writes numbers, a table and a page."""
