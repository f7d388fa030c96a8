"""The recording that F5-TTS continues: at most 12 s, cut where it is quiet, raised if it is quiet; as the official code does.

Levels are RMS in dB of full scale, measured every 10 ms.
"""

import numpy as np

from jamflow.errors import UserError

LONGEST_S, SHORTEST_S = 12.0, 0.5
_ENOUGH_S = 6.0  # once there is this much, a part that would pass the limit is left out
_KEPT_S = 1.0  # how much of a pause stays at either side of it
_PAUSES = ((1.0, -50.0), (0.1, -40.0))  # (at least s, at most dB): long pauses first, then short ones
_EDGE_DB = -42.0
_AFTER_S = 0.05  # silence after the last sound
_STEPS_HZ = 100
_RMS = 0.1


def clipped_reference(wave: np.ndarray, rate_hz: int) -> tuple[np.ndarray, bool]:
    """The part of a recording that F5-TTS continues.

    Args:
        wave: (N,) float32 in [-1, 1].

    Returns:
        (M,) samples, at most 12.05 s, and whether speech was left out.

    Raises:
        UserError: less than half a second of it is not silent.
    """
    kept, cut = wave, False
    for pause_s, level_db in _PAUSES:
        kept, cut = _whole_parts(wave, rate_hz, pause_s, level_db)
        if len(kept) <= LONGEST_S * rate_hz:
            break
    longest = int(LONGEST_S * rate_hz)
    cut = cut or len(kept) > longest
    kept = _without_quiet_ends(kept[:longest], rate_hz)
    if len(kept) < SHORTEST_S * rate_hz:
        raise UserError(
            f"The recording of the voice holds less than {SHORTEST_S:g} s of sound that is not silence.",
            "Give 3 to 12 s of clear speech.",
        )
    return np.concatenate([kept, np.zeros(int(_AFTER_S * rate_hz), np.float32)]), cut


def to_f5_level(wave: np.ndarray) -> tuple[np.ndarray, float]:
    """(N,) samples, raised to an RMS of 0.1 if they are quieter, and the factor from there back to their own level."""
    rms = float(np.sqrt(np.mean(np.square(wave))))
    if rms >= _RMS:
        return wave, 1.0
    return wave * np.float32(_RMS / max(rms, 1e-8)), rms / _RMS


def _whole_parts(wave: np.ndarray, rate_hz: int, pause_s: float, level_db: float) -> tuple[np.ndarray, bool]:
    """The parts between pauses, joined as long as the next one fits, and whether one was left out. Pauses last 2 s at most."""
    out, have = [], 0
    parts = _parts(wave, rate_hz, pause_s, level_db)
    for start, end in parts:
        if have > _ENOUGH_S * rate_hz and have + end - start > LONGEST_S * rate_hz:
            return np.concatenate(out), True
        out.append(wave[start:end])
        have += end - start
    return np.concatenate(out) if out else wave, False


def _parts(wave: np.ndarray, rate_hz: int, pause_s: float, level_db: float) -> list[tuple[int, int]]:
    """(start, end) in samples of the parts between pauses, with up to a second of pause at either end."""
    step = rate_hz // _STEPS_HZ
    loud = ~_quiet(wave, step, pause_s, level_db)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int)))
    bounds = [(int(a) * step, min(int(b) * step, len(wave))) for a, b in edges.reshape(-1, 2)]
    keep = int(_KEPT_S * rate_hz)
    out = []
    for i, (start, end) in enumerate(bounds):
        before = (bounds[i - 1][1] + start) // 2 if i else 0
        after = (end + bounds[i + 1][0]) // 2 if i + 1 < len(bounds) else len(wave)
        out.append((max(start - keep, before), min(end + keep, after)))
    return out


def _quiet(wave: np.ndarray, step: int, pause_s: float, level_db: float) -> np.ndarray:
    """Per `step` samples (10 ms): whether it lies in a stretch of `pause_s` whose level is at most `level_db`."""
    steps, window = -(-len(wave) // step), round(pause_s * _STEPS_HZ)
    energy = np.zeros(steps * step)
    energy[: len(wave)] = np.square(wave, dtype=np.float64)
    total = np.concatenate([[0.0], np.cumsum(energy.reshape(steps, step).sum(1))])
    if steps < window:
        return np.zeros(steps, bool)
    power = (total[window:] - total[:-window]) / (window * step)
    begins = np.concatenate([power <= 10 ** (level_db / 10), np.zeros(window - 1, bool)]).astype(int)
    return np.convolve(begins, np.ones(window, int))[:steps] > 0


def _without_quiet_ends(wave: np.ndarray, rate_hz: int) -> np.ndarray:
    step = rate_hz // _STEPS_HZ
    loud = np.flatnonzero(~_quiet(wave, step, 0.01, _EDGE_DB))
    return wave[loud[0] * step : (loud[-1] + 1) * step] if len(loud) else wave[:0]
