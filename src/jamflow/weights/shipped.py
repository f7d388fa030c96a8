"""The weights in the package, as listed in ``manifest.json`` beside this file."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from jamflow.errors import JamFlowError
from jamflow.weights.digest import sha256_of

ASSETS = Path(__file__).parents[1] / "assets"
JOINT_FILE = "joint.safetensors"  # of a model's folder
_MANIFEST = Path(__file__).with_name("manifest.json")

State = Literal["present", "missing", "damaged"]


@dataclass(frozen=True)
class Weights:
    """A file that ships: its place under ``assets``, what it is for, its licence (SPDX), size and SHA-256."""

    file: str
    purpose: str
    licence: str
    bytes: int
    sha256: str

    @property
    def path(self) -> Path:
        return ASSETS / self.file

    def state(self) -> State:
        """The file's state; the whole file is read, which takes about 0.1 s for 40 MB."""
        if not self.path.is_file():
            return "missing"
        return "present" if sha256_of(self.path) == self.sha256 else "damaged"


def asset(name: str) -> Path:
    """The path of a file that ships under ``assets``. Raises JamFlowError if the installation lacks it."""
    path = ASSETS / name
    if not path.is_file():
        raise JamFlowError(f"The file {name} is missing from this installation.", "Install JAM-Flow again.")
    return path


def model_folder(model: str | Path) -> Path:
    """The folder of a model that ships, by its name, or else the folder that is given; it need not exist."""
    folder = ASSETS / model
    return folder if (folder / JOINT_FILE).is_file() else Path(model)


def shipped_weights() -> list[Weights]:
    """All files of the manifest."""
    return [Weights(**row) for row in json.loads(_MANIFEST.read_text())]


def refresh_manifest() -> None:
    """Write size and hash of each listed file and of every voice with a name into the manifest, after a training."""
    voices = [f"mini/voices/{path.name}" for path in sorted((ASSETS / "mini/voices").glob("*.safetensors"))]
    rows = [weights for weights in shipped_weights() if not weights.file.startswith("mini/voices/")]
    rows += [Weights(file, f"the voice {Path(file).stem}", "Apache-2.0", 0, "") for file in voices]
    rows = [replace(weights, bytes=weights.path.stat().st_size, sha256=sha256_of(weights.path)) for weights in rows]
    _MANIFEST.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
