"""Dynamic time warping of two recordings of the same words, on features that hardly depend on the voice.

Shapes: F and G mel frames of the two, C features.
"""

import numpy as np

_CEPSTRA = 14  # the first, which is loudness, is left out, so that there are the usual 13
_SLOPE_FRAMES = 2  # frames to either side for a slope
_HEARD = 0.35  # loudness from which on there is sound; 0 is the background, 1 the loud parts
_STAY = 0.3  # extra cost of a step in one recording only, in units of the mean distance


def sounding(mel_fm: np.ndarray, margin: int) -> tuple[int, int]:
    """The first frame with sound and the one after the last, with up to `margin` more frames on either side."""
    loud = np.flatnonzero(_loudness(mel_fm) > _HEARD)
    return max(0, int(loud[0]) - margin), min(len(mel_fm), int(loud[-1]) + 1 + margin)


def voiceless(mel_fm: np.ndarray) -> np.ndarray:
    """(F, bands) log mel to (F, C) features: cepstra and their slopes, normalised to remove voice and room, and loudness."""
    bands = np.arange(mel_fm.shape[1]) + 0.5
    basis = np.cos(np.pi / mel_fm.shape[1] * np.outer(bands, np.arange(1, _CEPSTRA)))
    level = _loudness(mel_fm)
    floor = np.quantile(mel_fm, 0.02)
    cepstra = np.maximum(mel_fm, floor).astype(np.float64) @ basis
    heard = level > _HEARD  # statistics of the speech alone; silence would shift the mean
    cepstra = (cepstra - cepstra[heard].mean(0)) / np.maximum(cepstra[heard].std(0), 1e-3)
    slopes = _slope(cepstra)
    slopes /= np.maximum(slopes[heard].std(0), 1e-3)
    loud = level[:, None] * 4  # silence against speech is the most reliable difference
    return np.concatenate([cepstra * level[:, None], slopes * 0.7, loud, _slope(loud) * 2], axis=1)


def warp(a_fc: np.ndarray, b_gc: np.ndarray) -> np.ndarray:
    """(F,) for each frame of `a` the frame of `b` at the same moment, with a fraction; it never decreases."""
    distance = np.sqrt(np.maximum(np.square(a_fc).sum(1)[:, None] + np.square(b_gc).sum(1)[None] - 2 * a_fc @ b_gc.T, 0.0))
    came = _steps(distance, _STAY * float(distance.mean()))
    i, j = len(a_fc) - 1, len(b_gc) - 1
    total, count = np.zeros(len(a_fc)), np.zeros(len(a_fc))
    while True:
        total[i] += j
        count[i] += 1
        if i == 0 and j == 0:
            return total / count
        step = came[i, j]
        i, j = i - (step != 2), j - (step != 1)


def warped_s(times_s: np.ndarray, path_f: np.ndarray, frame_rate_hz: float) -> np.ndarray:
    """Seconds of `a` to seconds of `b`; `path_f` is `warp(a, b)`."""
    frames = np.asarray(times_s) * frame_rate_hz
    return np.interp(frames, np.arange(len(path_f)), path_f) / frame_rate_hz


def _steps(distance: np.ndarray, stay: float) -> np.ndarray:
    """(F, G) the last step of the cheapest path to each pair: 0 both advance, 1 only `a`, 2 only `b`. By diagonals."""
    f, g = distance.shape
    came = np.zeros((f, g), np.uint8)
    last, before = np.full(f, np.inf), np.full(f, np.inf)  # costs by `a`'s frame on the last two diagonals
    for k in range(f + g - 1):
        i = np.arange(max(0, k - g + 1), min(f, k + 1))
        here = distance[i, k - i]
        both = (
            np.where(i > 0, before[i - 1], np.inf) + 2 * here
        )  # counted twice, as it advances in both: else two single steps would cost more
        only_a = np.where(i > 0, last[i - 1], np.inf) + here + stay
        only_b = last[i] + here + stay
        ways = np.stack([both, only_a, only_b])
        if k == 0:
            ways[0] = 0.0
        best = ways.argmin(0)
        came[i, k - i] = best
        cost = np.full(f, np.inf)
        cost[i] = ways[best, np.arange(len(i))]
        before, last = last, cost
    return came


def _loudness(mel_fm: np.ndarray) -> np.ndarray:
    """(F,) in [0, 1]: 1 is the level of the loud parts, 0 the background or 45 dB below them."""
    level_db = 8.686 * np.logaddexp.reduce(mel_fm.astype(np.float64), axis=1)
    top_db, floor_db = np.quantile(level_db, 0.95), np.quantile(level_db, 0.02)
    return np.clip(1 - (top_db - level_db) / np.clip(top_db - floor_db, 10, 45), 0, 1)


def _slope(x_fc: np.ndarray) -> np.ndarray:
    n = _SLOPE_FRAMES
    padded = np.pad(x_fc, ((n, n), (0, 0)), mode="edge")
    weights = np.arange(-n, n + 1)
    parts = [w * padded[n + w : len(padded) - n + w] for w in weights]
    return np.sum(parts, axis=0) / float((weights**2).sum())
