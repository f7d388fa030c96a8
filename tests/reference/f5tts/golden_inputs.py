"""Deterministic inputs for the F5-TTS / Vocos golden vectors (numpy only).

Every function takes the arguments written in the "meta" JSON of the npz file it
belongs to.  The order of the draws inside a function is part of the rule.
"""

import numpy as np

F32 = np.float32


def normal(seed, shape, scale=1.0, shift=0.0):
    return (shift + scale * np.random.default_rng(seed).standard_normal(shape)).astype(F32)


def uniform(seed, shape, low=0.0, high=1.0):
    return np.random.default_rng(seed).uniform(low, high, size=shape).astype(F32)


def tokens(seed, lengths, high):
    """len(lengths) x max(lengths) int64, uniform in [0, high), right-padded with -1."""
    rng = np.random.default_rng(seed)
    out = np.full((len(lengths), max(lengths)), -1, dtype=np.int64)
    for row, n in zip(out, lengths, strict=True):
        row[:n] = rng.integers(0, high, size=n)
    return out


def noise_rows(seed, lengths, channels=100):
    """B x max(lengths) x channels; row b is normal(seed + b, (lengths[b], channels)), then zeros."""
    out = np.zeros((len(lengths), max(lengths), channels), dtype=F32)
    for b, n in enumerate(lengths):
        out[b, :n] = normal(seed + b, (n, channels))
    return out


def waveform(seed, seconds=1.3, rate=24000, f0=80.0, f1=9000.0, amp=0.4, noise=0.01):
    """Mono float32: a linear chirp with a slow tremolo plus white noise; the last tenth is faint."""
    n = round(seconds * rate)
    t = np.arange(n) / rate
    phase = 2 * np.pi * (f0 * t + (f1 - f0) * t * t / (2 * seconds))
    x = amp * np.sin(phase) * (0.6 + 0.4 * np.sin(2 * np.pi * 5 * t))
    x = x + noise * np.random.default_rng(seed).standard_normal(n)
    x[-(n // 10) :] *= 1e-3
    return x.astype(F32)
