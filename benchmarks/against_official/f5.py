"""Part (a): one evaluation of F5-TTS v1 Base for 10 s of audio, both rows of the guidance in one batch; and ours with motion.

Weights follow the rule of the reference values (a generator of random numbers per tensor).
"""

import sys
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.against_official.duel import Contender
from jamflow.errors import UserError
from jamflow.loading.f5 import f5_config
from jamflow.model.streams import AudioDiT

CASES = {"float32": "F5-TTS v1 Base, one evaluation", "bfloat16": "the same in bfloat16", "joint": "with 10 s of motion"}
WORKERS = Path(__file__).parent / "workers"
SECONDS = 10


def contenders(reference: str, case: str) -> list[Contender]:
    """The official code by the python of its environment, and ours; for "joint" ours without motion and with it.

    Raises:
        UserError: no environment was given, and the case needs it.
    """
    ours = [sys.executable, str(WORKERS / "f5_ours.py")]
    if case == "joint":
        return [Contender("jamflow, speech alone", ours), Contender("jamflow, joint", [*ours, "--motion"])]
    if not reference:
        raise UserError("There is nothing to compare F5-TTS with.", "Give --f5-reference.")
    return [Contender("official", [reference, str(WORKERS / "f5_official.py")]), Contender("jamflow", ours)]


def write_job(folder: Path) -> None:
    """A checkpoint as published, and the inputs."""
    with torch.device("meta"):
        stream = AudioDiT(f5_config("F5TTS_v1_Base"))
    names = {f"transformer.{key}": like for key, like in stream.state_dict().items()}
    save_file({f"ema_model.{key}": _draw(key, like) for key, like in names.items()}, folder / "model.safetensors")
    rng = np.random.default_rng(0)
    frames, given = round(SECONDS * 93.75), 280
    cond = 2 * rng.standard_normal((1, frames, 100)) - 1
    cond[:, given:] = 0
    motion = round(SECONDS * 25)
    inputs = {
        "x": rng.standard_normal((1, frames, 100)),
        "cond": cond,
        "mouth": rng.standard_normal((1, motion, 12)),
        "clue": rng.standard_normal((1, motion, 51)),
    }
    tensors = {name: torch.from_numpy(x).float() for name, x in inputs.items()}
    tensors["text"] = torch.from_numpy(rng.integers(0, 2545, (1, 180)))
    torch.save(tensors, folder / "inputs.pt")


def _draw(key: str, like: Tensor) -> Tensor:
    leaf = key.rpartition(".")[2]
    if leaf == "inv_freq":
        return 10000.0 ** (-torch.arange(len(like)) / len(like))
    n = np.random.default_rng(crc32(f"f5tts:{key}".encode())).standard_normal(like.shape)
    if leaf in ("gamma", "beta"):
        x = 0.3 * n
    elif leaf == "bias":
        x = 0.02 * n
    elif like.ndim == 1:
        x = 1 + 0.1 * n
    elif key.endswith("text_embed.text_embed.weight"):
        x = n
    else:
        x = n * np.sqrt(1.5 / np.prod(like.shape[1:]))
    return torch.from_numpy(x).float()
