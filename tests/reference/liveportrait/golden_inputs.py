"""Deterministic inputs for the LivePortrait golden vectors (numpy only).

Every function takes the seed written in the "meta" JSON of the npz file it
belongs to.  The order of the draws inside a function is part of the rule.
"""

import numpy as np

F32 = np.float32


def image_u8(seed, cell, size=256):
    """3 x size x size uint8: random colour cells of cell x cell pixels plus fine noise."""
    rng = np.random.default_rng(seed)
    n = size // cell
    blocks = rng.integers(0, 224, size=(3, n, n))
    noise = rng.integers(0, 32, size=(3, size, size))
    big = np.repeat(np.repeat(blocks, cell, axis=1), cell, axis=2)
    return (big + noise).astype(np.uint8)


def images(seed, cells, size=256):
    """B x 3 x size x size float32 in [0, 1]; image i uses seed + i and cells[i]."""
    u8 = np.stack([image_u8(seed + i, c, size) for i, c in enumerate(cells)])
    return u8.astype(F32) / F32(255)


def normal(seed, shape, scale=1.0):
    return (scale * np.random.default_rng(seed).standard_normal(shape)).astype(F32)


def keypoint_pair(seed, batch=1, num_kp=21, spread=0.6, motion=0.15):
    """kp_source uniform in +-spread, kp_driving = kp_source + motion * normal."""
    rng = np.random.default_rng(seed)
    src = rng.uniform(-spread, spread, size=(batch, num_kp, 3))
    drv = src + motion * rng.standard_normal((batch, num_kp, 3))
    return src.astype(F32), drv.astype(F32)


def motion_params(seed, batch, num_kp=21):
    """A plausible kp_info batch: degrees, canonical keypoints, small expression, scale near 1.4."""
    rng = np.random.default_rng(seed)
    return {
        "pitch": rng.uniform(-30, 30, size=(batch, 1)).astype(F32),
        "yaw": rng.uniform(-60, 60, size=(batch, 1)).astype(F32),
        "roll": rng.uniform(-25, 25, size=(batch, 1)).astype(F32),
        "t": rng.uniform(-0.15, 0.15, size=(batch, 3)).astype(F32),
        "exp": (0.02 * rng.standard_normal((batch, num_kp, 3))).astype(F32),
        "scale": (1.4 + 0.15 * rng.standard_normal((batch, 1))).astype(F32),
        "kp": rng.uniform(-0.3, 0.3, size=(batch, num_kp, 3)).astype(F32),
    }


def landmarks(seed, n):
    """n x 2 float32 landmarks on a 640 x 480 picture, rotated by a few degrees."""
    rng = np.random.default_rng(seed)
    pts = rng.uniform([-70, -85], [70, 95], size=(n, 2))
    a = np.deg2rad(rng.uniform(-20, 20))
    rot = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return (pts @ rot.T + rng.uniform([280, 210], [360, 270])).astype(F32)
