"""Decoded frames as a player shows them: upright and in the colours of an SDR screen. Their pixels stay as they are stored."""

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from jamflow.errors import UserError
from jamflow.media.high_range import HDR_NAMES, ToneMap
from jamflow.media.view import USUAL_TAGS, PictureTags

# A high-definition video that does not state its colour matrix is BT.709, as players assume.
_UNSPECIFIED, _HD_PX = 2, 720
# FFmpeg's fast conversion to RGB is one level too dark: luma after a round trip has 46 dB, with these flags 72 dB.
_EXACT = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_DEEP = Interpolation.BILINEAR | Interpolation.ACCURATE_RND  # with the third flag FFmpeg makes wrong colours of 16 bits
_NARROWEST, _WIDEST = Fraction(1, 4), Fraction(4)  # of a pixel's shape that can be meant


class Upright:
    """Turns the frames of one video into (H, W, 3) uint8 RGB, turned or mirrored as the file says: telephones film sideways.
    HDR becomes SDR.

    Setting up the conversion takes as long as converting a frame of 640 x 360, so it is kept from frame to frame.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._tone_map: ToneMap | None = None
        self._size: tuple[int, int] | None = None

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """Raises UserError for a frame of another size than the first had."""
        size = frame.width, frame.height
        self._size = self._size or size
        if size != self._size:
            raise UserError(
                "The frames of the video change their size midway, from {} x {} to {} x {}.".format(*self._size, *size),
                "Convert it first, with `ffmpeg -i IN OUT.mp4`, which gives all of them the first size.",
            )
        return _placed(self._rgb(frame), _placing(frame))

    def _rgb(self, frame: av.VideoFrame) -> np.ndarray:
        matrix = Colorspace.ITU709 if frame.colorspace == _UNSPECIFIED and min(frame.width, frame.height) >= _HD_PX else None
        if int(frame.color_trc) not in HDR_NAMES:
            return _pixels(self._reformatter.reformat(frame, format="rgb24", src_colorspace=matrix, interpolation=_EXACT))
        self._tone_map = self._tone_map or ToneMap(int(frame.color_trc))
        deep = self._reformatter.reformat(frame, format="rgb48", src_colorspace=matrix, interpolation=_DEEP)
        return self._tone_map(deep.to_ndarray())


def _pixels(frame: av.VideoFrame) -> np.ndarray:
    """(H, W, 3) uint8, in the memory of an RGB frame: copying one of 4K takes half as long as converting it."""
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : 3 * frame.width]
    return rows.reshape(frame.height, frame.width, 3)


def tags_of(frame: av.VideoFrame, stored_ratio: Fraction | None) -> PictureTags:
    """The tags of the frames that `Upright` gives.

    Args:
        frame: any of the video.
        stored_ratio: width over height of a pixel as it is stored, before it is turned.
    """
    ratio = stored_ratio or Fraction(1)
    ratio = ratio if _NARROWEST <= ratio <= _WIDEST else Fraction(1)
    ratio = 1 / ratio if _placing(frame).swapped else ratio
    if int(frame.color_trc) in HDR_NAMES:
        return PictureTags(ratio)
    primaries, transfer = int(frame.color_primaries), int(frame.color_trc)
    return PictureTags(
        ratio,
        USUAL_TAGS.primaries if primaries == _UNSPECIFIED else primaries,
        USUAL_TAGS.transfer if transfer == _UNSPECIFIED else transfer,
    )


def upright_size(frame: av.VideoFrame) -> tuple[int, int]:
    """Width and height of what `Upright` gives for a frame."""
    return (frame.height, frame.width) if _placing(frame).swapped else (frame.width, frame.height)


def hdr_name(frame: av.VideoFrame) -> str | None:
    """Which kind of HDR a frame is; None for SDR."""
    return HDR_NAMES.get(int(frame.color_trc))


@dataclass(frozen=True)
class _Placing:
    """How a decoded frame is placed: rows become columns first, if `swapped`; then it is mirrored."""

    swapped: bool = False
    left_right: bool = False
    up_down: bool = False


def _placing(frame: av.VideoFrame) -> _Placing:
    """From the display matrix: its first two rows are where a step to the right and a step down lead."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return _Placing()
    (right_x, right_y, _), (down_x, down_y, _), _ = np.frombuffer(bytes(data), np.int32).reshape(3, 3).tolist()
    if abs(right_x) >= abs(right_y):
        return _Placing(False, right_x < 0, down_y < 0)
    return _Placing(True, down_x < 0, right_y < 0)


def _placed(rgb: np.ndarray, how: _Placing) -> np.ndarray:
    rgb = rgb.swapaxes(0, 1) if how.swapped else rgb
    return rgb[:: -1 if how.up_down else 1, :: -1 if how.left_right else 1]
