"""Mixes decoded sound of any format and number of channels to mono.

Shapes: C channels, N samples.
"""

from collections.abc import Iterable

import av
import numpy as np

# Mixing weight of each loudspeaker position (ITU-R BS.775, which leaves the low-frequency channel out).
_WEIGHTS = {"FL": 0.7071, "FR": 0.7071, "FC": 1.0, "LFE": 0.0, "LFE2": 0.0}
_SURROUND = 0.5
_USUAL = {"6 channels": "5.1", "8 channels": "7.1"}  # some containers give only the number of channels; the order is that of WAVE
_MOST_PLANES = 7  # PyAV 18 reads beyond the end of a frame with more
_CANCELLED = 1 / 8  # of the power that the channels can have: unlike channels keep half of it, so this is no stereo
_SILENT = 10 ** (-60 / 10) / 2  # power under which sound counts as silent


def mono(frame: av.AudioFrame, weights_c: np.ndarray | None = None) -> np.ndarray:
    """(N,) float32 in [-1, 1], never louder than its loudest channel.

    weights_c: (C,) whose sizes sum to one, as `better_weights` gives them; None weighs loudspeakers as usual.
    """
    x_cn = _channels(frame)
    weights_c = _usual(frame) if weights_c is None or len(weights_c) != len(x_cn) else weights_c
    return (weights_c @ x_cn).astype(np.float32)


def better_weights(frames: Iterable[av.AudioFrame]) -> np.ndarray | None:
    """(C,) weights for a track whose usual mix loses what is said; None where it is good, as in nearly all files.

    Channels that cancel each other out are turned over: a cable with two wires exchanged, or a balanced line recorded as stereo,
    gives a right channel that is the left one upside down. Where the usual mix is silent, all channels count alike: speech may
    lie where films have their rumble.
    """
    count, sum_c, shared_cc, usual_c = 0, np.zeros(0), np.zeros((0, 0)), np.zeros(0)
    for frame in frames:
        x_cn = _channels(frame)
        if not count:
            sum_c, shared_cc, usual_c = np.zeros(len(x_cn)), np.zeros((len(x_cn), len(x_cn))), _usual(frame)
        if len(x_cn) == len(usual_c):
            count += x_cn.shape[1]
            sum_c += x_cn.sum(axis=1)
            shared_cc += x_cn @ x_cn.T
    if not count or not np.isfinite(shared_cc).all():
        return None
    shared_cc = shared_cc / count - np.outer(sum_c, sum_c) / count**2  # an offset is no sound

    def power(weights_c: np.ndarray) -> float:
        return float(weights_c @ shared_cc @ weights_c)

    def turned(weights_c: np.ndarray) -> np.ndarray:
        loudest = int((weights_c**2 * np.diag(shared_cc)).argmax())
        return np.where(shared_cc[loudest] < 0, -weights_c, weights_c)

    if power(usual_c) < _CANCELLED * power(turned(usual_c)):
        return turned(usual_c)
    alike_c = turned(np.full(len(usual_c), 1 / len(usual_c)))
    return alike_c if power(usual_c) < _SILENT <= power(alike_c) else None


def _channels(frame: av.AudioFrame) -> np.ndarray:
    """(C, N) float in [-1, 1]."""
    number = frame.layout.nb_channels
    if frame.format.is_planar and number > _MOST_PLANES:
        (frame,) = av.AudioResampler("flt", frame.layout, frame.sample_rate).resample(frame)
    x = frame.to_ndarray()
    if not frame.format.is_planar:
        x = x.reshape(-1, number).T
    if x.dtype.kind in "iu":
        scale = 2.0 ** (8 * x.dtype.itemsize - 1)
        x = x / scale - (x.dtype.kind == "u")
    return x


def _usual(frame: av.AudioFrame) -> np.ndarray:
    """(C,) weights that sum to one."""
    names = [channel.name for channel in av.AudioLayout(_USUAL.get(frame.layout.name, frame.layout.name)).channels]
    weights_c = np.array([_WEIGHTS.get(name, _SURROUND) for name in names])
    return weights_c / weights_c.sum() if weights_c.any() else np.full(len(names), 1 / len(names))
