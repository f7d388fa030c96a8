"""Part (b): Vocos, 10 s of log mel to a waveform, with filled weights."""

import sys
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from benchmarks.against_official.duel import Contender
from jamflow.errors import UserError
from jamflow.speech.vocoder import Vocos, vocos_24khz

CASES = {"10s": "Vocos, 10 s"}
WORKERS = Path(__file__).parent / "workers"


def contenders(reference: str) -> list[Contender]:
    """The official code by the python of its environment, and ours.

    Raises:
        UserError: no environment was given.
    """
    if not reference:
        raise UserError("There is nothing to compare Vocos with.", "Give --f5-reference.")
    ours = [sys.executable, str(WORKERS / "vocos_ours.py")]
    return [Contender("official", [reference, str(WORKERS / "vocos_official.py")]), Contender("jamflow", ours)]


def write_job(folder: Path) -> None:
    """`pytorch_model.bin` without the front end, and a mel."""
    state = {key: _draw(key, like) for key, like in Vocos(vocos_24khz()).state_dict().items()}
    torch.save(state, folder / "pytorch_model.bin")
    mel = 2 * np.random.default_rng(0).standard_normal((1, 938, 100)) - 1
    torch.save({"mel": torch.from_numpy(mel).float()}, folder / "inputs.pt")


def _draw(key: str, like: Tensor) -> Tensor:
    leaf = key.rpartition(".")[2]
    n = np.random.default_rng(crc32(f"vocos:{key}".encode())).standard_normal(like.shape)
    if leaf == "gamma":
        x = 0.25 + 0.05 * n
    elif leaf == "bias":
        x = 0.02 * n
    elif like.ndim == 1:
        x = 1 + 0.1 * n
    else:
        x = n * np.sqrt(1.5 / np.prod(like.shape[1:]))
    return torch.from_numpy(x).float()
