"""Lip synchronisation: compares lip-opening curves with each other and with phoneme times.

An opening curve is (T,): the distance of the inner lips in the middle of the mouth, in canonical
centimetres, frame k at k / fps seconds; NaN where no face was found. Tracked curves go slightly below 0,
and their noise is some hundredths of a centimetre.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jamflow.text.phonemes import PUNCTUATION, SILENCE

Phones = Sequence[tuple[str, float, float]]

SHUT_CM = 0.1
"""Lips count as shut below this opening: 1 mm, about two pixels of a face that fills a 512 pixel picture."""

SILENCE_MARGIN_S = 0.12
"""Frames nearer than this to a sound need not be shut: lips open 0.1 s ahead of it (`data/articulation.py`), half a frame more is
rounding, and they close after it."""

_BILABIALS = frozenset("pbm")
_PAUSES = frozenset(SILENCE + PUNCTUATION)


@dataclass(frozen=True)
class Lag:
    """The lag at which two curves correlate best. Positive ``frames`` means that the first curve is late."""

    frames: float
    correlation: float


@dataclass(frozen=True)
class Share:
    """``hits`` of ``total``. Shares of several clips can be added."""

    hits: int
    total: int

    def __add__(self, other: "Share") -> "Share":
        return Share(self.hits + other.hits, self.total + other.total)

    @property
    def fraction(self) -> float:
        """``hits`` / ``total``; NaN if ``total`` is 0."""
        return self.hits / self.total if self.total else float("nan")


def correlation(a_t: np.ndarray, b_t: np.ndarray) -> float:
    """Pearson correlation over the frames known in both; NaN where a curve is constant or too short.

    A curve may be one frame longer, because a video rounds its end; that frame is ignored.

    Raises:
        ValueError: the lengths differ by more than one frame.
    """
    if abs(len(a_t) - len(b_t)) > 1:
        raise ValueError(f"curves of {len(a_t)} and {len(b_t)} frames are not of the same clip")
    n = min(len(a_t), len(b_t))
    return _pearson(a_t[:n], b_t[:n])


def lag_profile(a_t: np.ndarray, b_t: np.ndarray, max_lag: int = 8) -> np.ndarray:
    """(2 max_lag + 1,) correlations of ``a`` with ``b`` delayed by -max_lag to max_lag frames.

    A short clip has a broad peak, so average the profiles of several clips before ``best_lag``.
    """
    n = min(len(a_t), len(b_t))
    a_t, b_t = a_t[:n], b_t[:n]
    return np.array([_pearson(a_t[max(k, 0) : n + min(k, 0)], b_t[max(-k, 0) : n - max(k, 0)]) for k in _lags(max_lag)])


def best_lag(profile: np.ndarray) -> Lag:
    """Peak of a lag profile, refined between frames by a parabola through the highest value and its neighbours.

    A peak at the end of the profile is returned unchanged: the true lag may be larger. NaN if no lag has a correlation.
    """
    if not np.isfinite(profile).any():
        return Lag(float("nan"), float("nan"))
    peak = int(np.nanargmax(profile))
    frames, height = float(peak - len(profile) // 2), float(profile[peak])
    around = profile[max(peak - 1, 0) : peak + 2]
    if len(around) < 3 or not np.isfinite(around).all():
        return Lag(frames, height)
    left, middle, right = around
    bend = left - 2 * middle + right
    if bend == 0:
        return Lag(frames, height)
    shift = 0.5 * (left - right) / bend
    return Lag(float(frames + shift), float(middle - 0.25 * (left - right) * shift))


def shut_bilabials(opening_t: np.ndarray, phones: Phones, fps: float, shut_cm: float = SHUT_CM) -> Share:
    """How many /p b m/ have a frame with shut lips within the phone or one frame beside it.

    Phones whose frames are all NaN are not counted.
    """
    hits = total = 0
    for symbol, start_s, end_s in phones:
        if symbol not in _BILABIALS:
            continue
        first = max(0, int(np.ceil(start_s * fps)) - 1)
        seen = opening_t[first : int(np.floor(end_s * fps)) + 2]
        seen = seen[np.isfinite(seen)]
        total += len(seen) > 0
        hits += bool((seen < shut_cm).any())
    return Share(hits, total)


def shut_silence(opening_t: np.ndarray, phones: Phones, fps: float, shut_cm: float = SHUT_CM) -> Share:
    """How many frames of silence have shut lips.

    Silence is a pause or punctuation mark with the spaces beside it, less SILENCE_MARGIN_S next to a sound. The ends of the clip
    have no margin.
    """
    time_s = np.arange(len(opening_t)) / fps
    silent = np.ones(len(opening_t), bool)
    for start_s, end_s in _sounds(phones):
        silent &= (time_s < start_s - SILENCE_MARGIN_S) | (time_s > end_s + SILENCE_MARGIN_S)
    seen = opening_t[silent & np.isfinite(opening_t)]
    return Share(int((seen < shut_cm).sum()), len(seen))


def _sounds(phones: Phones) -> list[tuple[float, float]]:
    """Spans of sound (start, end in seconds). A space counts as sound unless a pause is beside it."""
    symbols = [symbol for symbol, _, _ in phones]
    spans = []
    for i, (symbol, start_s, end_s) in enumerate(phones):
        beside = {*symbols[max(i - 1, 0) : i], *symbols[i + 1 : i + 2]}
        if symbol not in _PAUSES and not (symbol == " " and beside & _PAUSES):
            spans.append((start_s, end_s))
    return spans


def _lags(max_lag: int) -> range:
    return range(-max_lag, max_lag + 1)


def _pearson(a: np.ndarray, b: np.ndarray) -> float:
    known = np.isfinite(a) & np.isfinite(b)
    if known.sum() < 3:
        return float("nan")
    a, b = a[known] - a[known].mean(), b[known] - b[known].mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 1e-12 else float("nan")
