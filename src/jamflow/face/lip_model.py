"""Lips learnt from people: phoneme times to the motion of six lip points, by a small network.

It stands where the articulatory model stood (`face/articulation.py`), which remains its prior: the network reads that model's
targets of each phoneme (how open, how wide, how far forward...) and not the phonemes' names, so it also moves well for sounds
that its recordings lack. A style says how a person speaks: a few numbers, normally distributed over people and moments.

Shapes: B clips, T motion frames, P features of a phoneme, Z style numbers, M lip points (6), 3 = x right, y up, z to the viewer,
in canonical centimetres from the closed neutral mouth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from jamflow.errors import UserError
from jamflow.face.articulation import DIPHTHONGS, TARGETS
from jamflow.text.phonemes import PUNCTUATION, SILENCE, STRESS, VOWELS
from jamflow.weights.tensors import load_strictly, load_tensors

Phones = Sequence[tuple[str, float, float]]

PER_FRAME = 4
"""Phonemes are read this many times in a motion frame: every 10 ms at 25 frames a second."""

_PAUSES = frozenset(SILENCE + PUNCTUATION)
_PLACES = ("pbm", "fv", "θð", "tdnlszTɾ", "ɹʃʒʤʧ", "kɡŋ", "wʍ", "hʔ", "j")  # where a consonant is made, from the lips back
_NASAL, _HISS, _STOP, _VOICED = "mnŋ", "szʃʒʤʧfvθð", "ptkbdɡʤʧTɾʔ", "bdɡvðzʒʤmnŋlɹwj"
FEATURES = 5 + 3 + len(_PLACES) + 4 + 2


def _features() -> dict[str, np.ndarray]:
    """(P,) what the network reads of each phoneme: the articulatory targets, its kind, its place, its stress."""
    table = {}
    for base, target in TARGETS.items():
        vowel = base in VOWELS
        row = [*target, float(vowel), float(base not in VOWELS), 0.0]
        row += [float(base in place) for place in _PLACES]
        row += [float(base in kind) for kind in (_NASAL, _HISS, _STOP, _VOICED)]
        for stress, marks in (("", (0.0, 0.0)), (STRESS[0], (1.0, 0.0)), (STRESS[1], (0.0, 1.0))):
            table[stress + base] = np.array([*row, *marks], np.float32)
    rest = np.zeros(FEATURES, np.float32)
    rest[7] = 1.0
    return table | dict.fromkeys(_PAUSES, rest)


_TABLE = _features()


def phoneme_features(phones: Phones, frames: int, fps: float) -> np.ndarray:
    """(T * PER_FRAME, P) float32: what is said at each moment. A word space belongs to its neighbours; what follows is a pause."""
    rows, ends = [], []
    for symbol, start, end in phones:
        if symbol == " ":
            if ends:
                ends[-1] = (start + end) / 2
            continue
        base, stress = symbol[-1], symbol[:-1]
        for part, share in DIPHTHONGS.get(base, ((base, 1.0),)):
            if stress + part in _TABLE:
                middle = start + share * (end - start)
                rows.append(_TABLE[stress + part])
                ends.append(middle)
                start = middle
    rows.append(_TABLE[SILENCE])
    time_s = (np.arange(frames * PER_FRAME) + 0.5) / (fps * PER_FRAME) - 0.5 / fps  # frame k is centred at k / fps
    return np.stack(rows)[np.searchsorted(np.array(ends), time_s, side="right")]


@dataclass(frozen=True)
class LipModelConfig:
    """dilations: one block each, at the motion frame rate; they see 0.9 s to either side."""

    channels: int = 18
    style: int = 4
    dim: int = 128
    kernel: int = 5
    dilations: tuple[int, ...] = (1, 2, 4, 1, 2)
    features: int = FEATURES


class _Block(nn.Module):
    def __init__(self, dim: int, kernel: int, dilation: int, style: int):
        super().__init__()
        self.mix = nn.Conv1d(dim, dim, kernel, padding=kernel // 2 * dilation, dilation=dilation, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.up, self.down = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)
        self.style = nn.Linear(style, 2 * dim)

    def forward(self, x_btd: Tensor, style_bz: Tensor) -> Tensor:
        scale, shift = self.style(style_bz)[:, None].chunk(2, -1)
        y = self.norm(self.mix(x_btd.transpose(1, 2)).transpose(1, 2)) * (1 + scale) + shift
        return x_btd + self.down(F.gelu(self.up(y)))


class LipModel(nn.Module):
    """Features (B, T * PER_FRAME, P) and style (B, Z) to lips (B, T, 3 M) in centimetres."""

    spread_c: Tensor

    def __init__(self, config: LipModelConfig):
        super().__init__()
        self.config = config
        self.enter = nn.Conv1d(config.features, config.dim, 9, padding=4)
        self.frame = nn.Conv1d(config.dim, config.dim, PER_FRAME, stride=PER_FRAME)
        self.blocks = nn.ModuleList(_Block(config.dim, config.kernel, d, config.style) for d in config.dilations)
        self.norm = nn.LayerNorm(config.dim)
        self.out = nn.Linear(config.dim, config.channels)
        self.register_buffer("spread_c", torch.ones(config.channels))

    def forward(self, features_bsp: Tensor, style_bz: Tensor) -> Tensor:
        x = self.frame(F.gelu(self.enter(features_bsp.transpose(1, 2)))).transpose(1, 2)
        for block in self.blocks:
            x = block(x, style_bz)
        return self.out(self.norm(x)) * self.spread_c

    @torch.no_grad()
    def lips(self, phones: Phones, frames: int, fps: float, style_z: np.ndarray | None = None) -> np.ndarray:
        """Phoneme times to lip motion.

        Args:
            phones: (symbol, start in seconds, end in seconds), in order.
            frames: how many; frame k is at k / fps.
            fps: motion frames a second; the network learnt 25.
            style_z: (Z,) how the person speaks; None is the mean of all.

        Returns:
            (T, 6, 3) float32, centimetres.
        """
        features = torch.from_numpy(phoneme_features(phones, frames, fps))[None]
        style = torch.zeros(1, self.config.style) if style_z is None else torch.from_numpy(np.float32(style_z))[None]
        return self(features, style)[0].numpy().reshape(frames, -1, 3)


def load_lip_model(path: Path) -> LipModel:
    """A lip model's file, ready for inference.

    Raises:
        UserError: the file is missing, damaged, or of another model.
    """
    tensors, raw = load_tensors(path)
    try:
        config = LipModelConfig(**{**raw, "dilations": tuple(raw["dilations"])})
    except (TypeError, KeyError) as error:
        raise UserError(f"{path} is a model file of JAM-Flow, but not of lips.", "Check which file it is.") from error
    model = LipModel(config)
    load_strictly(model, tensors, path, "the lip model")
    return model.eval().requires_grad_(False)
