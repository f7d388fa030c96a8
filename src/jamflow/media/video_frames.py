"""Frames of a video in any order, in bounded memory.

Forwards the file is decoded as a stream. What was decoded last is kept, up to `_KEPT_BYTES`; for anything further back, the
file is opened again at the keyframe before, so that going backwards costs a group of pictures per that many frames.
"""

from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from jamflow.errors import UserError
from jamflow.media.video_reader import opened, upright

_KEPT_BYTES = 64_000_000
_KEPT_LEAST = 8


class VideoFrames:
    """The frames of `path`, of which frame k is shown at `times_s[k]` of the file's own time. Reads hold nothing in common."""

    def __init__(self, path: Path, times_s: Sequence[Fraction]):
        self._path = path
        self._times_s = times_s

    def read(self, frames: Iterable[int]) -> Iterator[np.ndarray]:
        """(H, W, 3) uint8 RGB of every frame named, in that order; not to be written to.

        Raises:
            UserError: the file is no longer what it was.
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
        """Number and picture of the frames from a keyframe at or before `first` on."""
        number = {time_s: k for k, time_s in enumerate(self._times_s)}
        with opened(self._path, "video") as container:
            stream = container.streams.video[0]
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
                    break  # an index that leads astray
            if early:
                return
        if first:
            yield from self._from(0)
