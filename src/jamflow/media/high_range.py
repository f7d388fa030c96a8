"""Brings HDR video (PQ or HLG, BT.2020) to SDR (BT.709), as the ITU describes it, on the processor.

Light is relative to the white of SDR: 1 is 203 cd/m2 (ITU-R BT.2408). What is darker than about 90 cd/m2 keeps its light; what is
lighter is compressed, so that 1,000 cd/m2 becomes white. Hue and saturation stay, except for colours that BT.709 does not have.

Shapes: H height, W width, 3 = red, green, blue.
"""

import cv2
import numpy as np

HDR_NAMES = {16: "PQ", 18: "HLG"}
"""Transfer functions of HDR by their numbers in ITU-T H.273."""

_WHITE, _PEAK = 203.0, 1000.0  # cd/m2
_GAMMA = 2.4  # of an SDR display, ITU-R BT.1886
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])
# ITU-R BT.2087: linear light of BT.2020 to BT.709.
_TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
_CODES, _STEPS = 4096, 4096
_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128  # SMPTE ST 2084


class ToneMap:
    """Turns the frames of one video into SDR."""

    def __init__(self, transfer: int):
        """transfer: a key of `HDR_NAMES`."""
        signal = np.linspace(0, 1, _CODES)
        self._hlg = HDR_NAMES[transfer] == "HLG"
        light = _hlg_scene(signal) if self._hlg else np.minimum(_pq_light(signal), _PEAK) / _WHITE
        self._light = light.astype(np.float32)
        steps = np.linspace(0, 1, _STEPS)
        # Tables over the square root of light, in which dark steps are as fine as light ones.
        peak = _PEAK / _WHITE
        bright = np.maximum(peak * steps**2, 1e-6)
        self._share = (_compressed(bright) / bright).astype(np.float32)
        self._scale = np.float32((_STEPS - 1) / np.sqrt(peak))
        self._code = np.rint(255 * (steps**2) ** (1 / _GAMMA)).astype(np.uint8)

    def __call__(self, rgb: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint16 as stored, from 0 to 65535, to (H, W, 3) uint8."""
        light = self._light[rgb >> 4]
        if self._hlg:
            scene = cv2.transform(light, _LUMA_2020[None].astype(np.float32))
            light *= (_PEAK / _WHITE) * cv2.pow(scene, 0.2)[..., None]
        brightest = np.minimum(light.max(2), np.float32(_PEAK / _WHITE))
        light *= self._share[(np.sqrt(brightest) * self._scale).astype(np.int32)][..., None]
        light = np.clip(cv2.transform(light, _TO_709), 0, 1)
        return self._code[(np.sqrt(light) * np.float32(_STEPS - 1) + np.float32(0.5)).astype(np.int32)]


def _pq_light(signal: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084: signal in [0, 1] to cd/m2."""
    root = signal ** (1 / _M2)
    return 10_000 * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1)


def _pq_signal(light: np.ndarray) -> np.ndarray:
    """The inverse of `_pq_light`."""
    power = (light / 10_000) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2


def _hlg_scene(signal: np.ndarray) -> np.ndarray:
    """ITU-R BT.2100: signal in [0, 1] to light of the scene in [0, 1]."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)


def _compressed(light: np.ndarray) -> np.ndarray:
    """ITU-R BT.2390, 5.4.1: the roll-off of a display of 203 cd/m2, for pictures of up to 1,000."""
    peak = _pq_signal(np.array(_PEAK))
    most = _pq_signal(np.array(_WHITE)) / peak
    knee = 1.5 * most - 0.5
    x = _pq_signal(light * _WHITE) / peak
    t = np.clip((x - knee) / (1 - knee), 0, 1)
    rolled = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * most
    return _pq_light(np.where(x < knee, x, rolled) * peak) / _WHITE
