"""Frames of a video in any order, in bounded memory.

Forward reads decode the file as a stream. The last decoded frames are kept, up to `_KEPT_BYTES`. For earlier frames the file is
opened again at the keyframe before them, so reading backwards decodes one group of pictures per `_KEPT_BYTES` of frames.
"""

from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from jamflow.errors import UserError
from jamflow.media.upright import Upright
from jamflow.media.video_reader import opened, picture_track

_KEPT_BYTES = 64_000_000
_KEPT_LEAST = 8


class VideoFrames:
    """The frames of `path`; frame k is shown at `times_s[k]` in the file's time. Reads share no state."""

    def __init__(self, path: Path, times_s: Sequence[Fraction]):
        self._path = path
        self._times_s = times_s

    def read(self, frames: Iterable[int]) -> Iterator[np.ndarray]:
        """(H, W, 3) uint8 RGB of the given frames, upright, with their pixels as they are stored, in the given order; read-only.

        Raises:
            UserError: the file has changed.
        """
        kept: OrderedDict[int, np.ndarray] = OrderedDict()
        room, at = _KEPT_LEAST, len(self._times_s)
        source = self._from(0)
        try:
            for wanted in frames:
                if wanted in kept:
                    yield kept[wanted]
                    continue
                if wanted <= at or wanted > at + room:
                    source.close()
                    source = self._from(max(0, wanted - room + 1) if wanted <= at else wanted)
                for at, rgb in source:
                    room = max(_KEPT_LEAST, _KEPT_BYTES // rgb.nbytes)
                    kept[at] = rgb
                    kept.move_to_end(at)
                    while len(kept) > room:
                        kept.popitem(last=False)
                    if at >= wanted:
                        break
                if wanted not in kept:
                    raise UserError(f"The video {self._path} has changed while it was used.", "Start again.")
                yield kept[wanted]
        finally:
            source.close()

    def _from(self, first: int) -> Generator[tuple[int, np.ndarray]]:
        """Numbers and pictures of the frames, starting at a keyframe at or before `first`."""
        upright = Upright()
        number = {time_s: k for k, time_s in enumerate(self._times_s)}
        with opened(self._path, "video") as container:
            stream = picture_track(container, self._path)
            assert stream.time_base is not None
            if first:
                container.seek(int(self._times_s[first] / stream.time_base), stream=stream)
            early = False
            for frame in container.decode(stream):
                at = number.get((frame.pts or 0) * stream.time_base)
                if at is not None and (early or at <= first):
                    early = True
                    yield at, upright(frame)
                elif not early:
                    break  # the file's index is wrong
            if early:
                return
        if first:
            yield from self._from(0)
