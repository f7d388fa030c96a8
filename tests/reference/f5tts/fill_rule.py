"""Deterministic weight filling for the F5-TTS / Vocos golden vectors (numpy only).

fill_state_dict(module_name, shapes) -> {key: ndarray}; shapes is {key: tuple}.
module_name is "f5tts" (keys "transformer...."; no "ema_model." prefix) or "vocos";
the npz file says which one in meta["cases"][...]["weights"].
Constants that a module computes for itself (STFT windows, mel filter bank) are not filled.
See README.md, section "Filling rule".
"""

from zlib import crc32

import numpy as np

GAIN2 = 1.5  # weight variance is GAIN2 / fan_in
CONSTANTS = ("window", "fb")


def _draw(module_name, key, shape):
    """float64 standard normal, one generator per tensor: order does not matter."""
    rng = np.random.default_rng(crc32(f"{module_name}:{key}".encode()))
    return rng.standard_normal(shape)


def fill_one(module_name, key, shape):
    shape = tuple(int(s) for s in shape)
    leaf = key.rsplit(".", 1)[-1]
    if leaf == "inv_freq":  # rotary: 10000 ** (-2i / dim_head)
        return (10000.0 ** (-np.arange(shape[0]) / shape[0])).astype(np.float32)
    n = _draw(module_name, key, shape)
    if leaf in ("gamma", "beta") and len(shape) == 3:  # GRN of the text blocks
        x = 0.3 * n
    elif leaf == "gamma":  # Vocos layer scale
        x = 0.25 + 0.05 * n
    elif leaf == "bias":
        x = 0.02 * n
    elif leaf == "weight" and len(shape) == 1:  # LayerNorm / RMSNorm scale
        x = 1.0 + 0.1 * n
    elif key.endswith("text_embed.text_embed.weight"):  # embedding table
        x = n
    elif leaf == "weight":  # Linear / Conv1d
        x = n * np.sqrt(GAIN2 / int(np.prod(shape[1:])))
    else:
        raise KeyError(f"no filling rule for {key}")
    return x.astype(np.float32)


def fill_state_dict(module_name, shapes):
    return {k: fill_one(module_name, k, s) for k, s in shapes.items() if k.rsplit(".", 1)[-1] not in CONSTANTS}
