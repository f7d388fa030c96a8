"""Frames of a video in any order, in bounded memory."""

import weakref
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.media import video_frames
from jamflow.media.video_frames import VideoFrames
from jamflow.media.video_reader import read_video
from jamflow.media.video_writer import VideoWriter

FPS = Fraction(30000, 1001)
N = 300  # several groups of pictures


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    noise = np.random.default_rng(0).integers(0, 256, (48, 64 + N, 3), dtype=np.uint8)
    with VideoWriter(path, 64, 48, FPS) as writer:
        for k in range(N):
            writer.write_frame(np.ascontiguousarray(noise[:, k : k + 64]))
    return path


@pytest.mark.parametrize("kept", [8, 40])
def test_any_order_gives_what_the_stream_gives(video: Path, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_frames, "_KEPT_BYTES", kept * 64 * 48 * 3)
    read = list(read_video(video))
    frames = VideoFrames(video, [time for time, _ in read])
    jumps = np.random.default_rng(1).integers(0, N, 12).tolist()
    order = [*range(0, 280), *range(278, 180, -1), 180, 180, *jumps, N - 1, 0]
    for k, rgb in zip(order, frames.read(order), strict=True):
        np.testing.assert_array_equal(rgb, read[k][1])


def test_going_backwards_opens_the_file_once_for_many_frames(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = [time for time, _ in read_video(video)]
    opened, real = [], video_frames.opened
    monkeypatch.setattr(video_frames, "opened", lambda *args: opened.append(args) or real(*args))
    monkeypatch.setattr(video_frames, "_KEPT_BYTES", 50 * 64 * 48 * 3)
    assert sum(1 for _ in VideoFrames(video, times).read([*range(N), *range(N - 1, -1, -1)])) == 2 * N
    assert len(opened) < 10


def test_few_frames_are_kept(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_frames, "_KEPT_BYTES", 8 * 64 * 48 * 3)
    times = [time for time, _ in read_video(video)]
    reading = VideoFrames(video, times).read(range(N))
    seen = [weakref.ref(next(reading)) for _ in range(N // 2)]
    assert sum(ref() is not None for ref in seen) <= 9


def test_a_video_that_changes_meanwhile_is_refused(video: Path) -> None:
    times = [k / FPS for k in range(N + 50)]
    with pytest.raises(UserError, match="has changed"):
        list(VideoFrames(video, times).read([N + 20]))
