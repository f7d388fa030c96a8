"""Deterministic weight filling for the LivePortrait golden vectors (numpy only).

fill_state_dict(module_name, shapes) -> {key: ndarray}; shapes is {key: tuple},
e.g. {k: tuple(v.shape) for k, v in module.state_dict().items()}.
See README.md, section "Filling rule".
"""

from zlib import crc32

import numpy as np

GAIN2 = 1.5  # weight variance is GAIN2 / fan_in


def _draw(module_name, key, shape):
    """float64 standard normal, one generator per tensor: order does not matter."""
    rng = np.random.default_rng(crc32(f"{module_name}:{key}".encode()))
    return rng.standard_normal(shape)


def _fill_one(module_name, key, shape):
    shape = tuple(int(s) for s in shape)
    leaf = key.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return np.zeros(shape, dtype=np.int64)
    n = _draw(module_name, key, shape)
    if leaf == "running_mean":
        x = 0.02 * n
    elif leaf == "running_var":
        x = 1.0 + 0.1 * np.abs(n)
    elif leaf in ("gamma", "beta"):  # GRN
        x = 0.1 * n
    elif leaf == "bias":
        x = 0.02 * n
    elif leaf == "weight" and len(shape) == 1:  # BatchNorm / LayerNorm scale
        x = 1.0 + 0.02 * n
    elif leaf in ("weight", "weight_orig"):  # Linear / Conv, also under spectral norm
        fan_in = int(np.prod(shape[1:]))
        x = n * np.sqrt(GAIN2 / fan_in)
    elif leaf in ("weight_u", "weight_v"):  # direction only; replaced below
        x = n
    else:
        raise KeyError(f"no filling rule for {key}")
    return x.astype(np.float32)


def fill_state_dict(module_name, shapes):
    out = {k: _fill_one(module_name, k, s) for k, s in shapes.items()}
    for k in shapes:  # spectral norm: make u and v consistent with W
        if not k.endswith(".weight_orig"):
            continue
        stem = k[: -len("weight_orig")]
        w = out[k].astype(np.float64)
        w = w.reshape(w.shape[0], -1)
        u = out[stem + "weight_u"].astype(np.float64)
        v = w.T @ u
        v /= np.linalg.norm(v)
        u = w @ v
        u /= np.linalg.norm(u)
        out[stem + "weight_u"] = u.astype(np.float32)
        out[stem + "weight_v"] = v.astype(np.float32)
    return out
