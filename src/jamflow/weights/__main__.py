"""``python -m jamflow.weights`` brings the manifest up to date with the files."""

from jamflow.weights.shipped import refresh_manifest

refresh_manifest()
