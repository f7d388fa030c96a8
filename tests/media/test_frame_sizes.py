"""Frames that are too large are refused by what the file says of them, and by FFmpeg where it says otherwise."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from jamflow.errors import UserError
from jamflow.media.video_frames import VideoFrames
from jamflow.media.video_reader import MAX_PIXELS, opened, read_video, video_facts
from png_video import png_video

HUGE = (9000, 4200)


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


def test_frames_over_8k_are_refused_by_the_header(tmp_path: Path) -> None:
    path, size = tmp_path / "a.mp4", (8200, 4400)
    assert 8200 * 4400 > MAX_PIXELS > 8192 * 4320
    with av.open(path, "w") as file:
        track = file.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        track.width, track.height, track.pix_fmt = *size, "yuv420p"
        for frame in (av.VideoFrame(*size, "yuv420p"), None):
            file.mux(track.encode(frame))
    with pytest.raises(UserError, match="has frames of 8200 x 4400, and 8K is the most"):
        video_facts(path)
    with pytest.raises(UserError, match="8K is the most"):
        next(VideoFrames(path, [Fraction(0)]).read([0]))


@pytest.mark.parametrize("frames", [[HUGE], [(96, 96), HUGE]], ids=["at once", "later"])
def test_frames_that_are_larger_than_the_file_says_are_not_decoded(tmp_path: Path, frames: list[tuple[int, int]]) -> None:
    path = png_video(tmp_path / "a.mp4", (96, 96), [png(*size) for size in frames])
    with pytest.raises(UserError, match="cannot be read"):
        list(read_video(path))


def test_no_frame_over_8k_is_decoded_to_open_a_file(tmp_path: Path) -> None:
    """FFmpeg looks at the first frame of some codecs to know its size."""
    with opened(png_video(tmp_path / "a.mp4", (96, 96), [png(*HUGE)]), "video") as container:
        assert container.streams.video[0].width == 0
    with pytest.raises(UserError) as caught:
        video_facts(tmp_path / "a.mp4")
    assert caught.value.hint == "Convert it to mp4 first, with frames no larger than 8K."


def test_frames_that_change_their_size_are_refused(tmp_path: Path) -> None:
    path = png_video(tmp_path / "a.mp4", (96, 64), [png(96, 64), png(64, 96)])
    frames = read_video(path)
    assert np.shape(next(frames)[1]) == (64, 96, 3)
    with pytest.raises(UserError, match="change their size midway, from 96 x 64 to 64 x 96"):
        next(frames)
