"""Mixes decoded sound of any format and number of channels to mono."""

import av
import numpy as np

# Mixing weight of each loudspeaker position (ITU-R BS.775, which leaves the low-frequency channel out).
_WEIGHTS = {"FL": 0.7071, "FR": 0.7071, "FC": 1.0, "LFE": 0.0, "LFE2": 0.0}
_SURROUND = 0.5
_USUAL = {"6 channels": "5.1", "8 channels": "7.1"}  # some containers give only the number of channels; the order is that of WAVE
_MOST_PLANES = 7  # PyAV 18 reads beyond the end of a frame with more


def mono(frame: av.AudioFrame) -> np.ndarray:
    """(n,) float32 in [-1, 1]. The weights sum to one, so the mix is never louder than its loudest channel."""
    number = frame.layout.nb_channels
    channels = [channel.name for channel in av.AudioLayout(_USUAL.get(frame.layout.name, frame.layout.name)).channels]
    if frame.format.is_planar and number > _MOST_PLANES:
        (frame,) = av.AudioResampler("flt", frame.layout, frame.sample_rate).resample(frame)
    x = frame.to_ndarray()
    if not frame.format.is_planar:
        x = x.reshape(-1, number).T
    if x.dtype.kind in "iu":
        scale = 2.0 ** (8 * x.dtype.itemsize - 1)
        x = x / scale - (x.dtype.kind == "u")
    weights = np.array([_WEIGHTS.get(name, _SURROUND) for name in channels])
    return (weights / weights.sum() @ x if weights.any() else x.mean(axis=0)).astype(np.float32)
