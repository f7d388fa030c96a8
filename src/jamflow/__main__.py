"""`python -m jamflow` is `jamflow`."""

from jamflow.app.cli import main

main()
