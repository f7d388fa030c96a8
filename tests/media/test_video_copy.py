"""A copied picture is the same to the byte, and new sound begins where it begins."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition

from jamflow.errors import UserError
from jamflow.media.video_copy import VideoCopy, check_copy
from jamflow.media.video_reader import read_sound, read_video

RATE = 24_000
FRAMES = 30


def film(
    path: Path,
    codec: str = "libx264",
    fps: Fraction = Fraction(25),
    times: list[int] | None = None,
    turn: int | None = None,
    first: int = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """times: of the frames, in milliseconds; first: the number of the first frame, so that the picture begins late."""
    base = 1 / fps if times is None else Fraction(1, 1000)
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps, options=options or {})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 64, 48, "yuv420p", base
        stream.codec_context.time_base = base
        if turn is not None:
            stream.set_display_rotation(turn)
        for k in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(rng.integers(0, 255, (48, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = (k + first if times is None else times[k]), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def copied(source: Path, out: Path, seconds: float = 1.2) -> tuple[list[tuple[Fraction, np.ndarray]], np.ndarray]:
    """Copies with a click at half a second; returns what was seen before, and the sound."""
    before = list(read_video(source))
    sound = np.zeros(round(seconds * RATE), np.float32)
    sound[RATE // 2 - 60 : RATE // 2 + 60] = 0.8 * np.cos(np.arange(-60, 60) / 2) * np.hanning(120)
    with VideoCopy(out, source, before[0][0], RATE) as video:
        for start in range(0, len(sound), 5000):
            video.write_audio(sound[start : start + 5000])
    return before, sound


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size]


def assert_same_picture(before: list[tuple[Fraction, np.ndarray]], out: Path) -> None:
    after = list(read_video(out))
    assert [t - after[0][0] for t, _ in after] == [t - before[0][0] for t, _ in before]
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(before, after, strict=True))


def assert_sound_in_time(sound: np.ndarray, out: Path) -> None:
    first_s = next(read_video(out))[0]
    heard = read_sound(out, 60)
    assert heard.start_s == first_s == 0
    assert abs(int(np.abs(heard.samples).argmax()) - int(np.abs(sound).argmax())) <= 2


UNEVEN = np.cumsum(np.random.default_rng(1).integers(20, 90, FRAMES)).tolist()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain.mp4", {}),  # x264 makes B-frames
        ("late.mp4", {"first": 7}),
        ("ntsc.mov", {"fps": Fraction(30000, 1001)}),
        ("uneven.mkv", {"times": UNEVEN}),
        ("turned.mp4", {"turn": 90}),
        ("vp9.webm", {"codec": "libvpx-vp9", "options": {"cpu-used": "8"}}),
        ("old.avi", {"codec": "mpeg4"}),
    ],
)
def test_packets_frames_and_times_are_the_same(tmp_path: Path, name: str, options: dict) -> None:
    source, out = film(tmp_path / name, **options), tmp_path / "out.mp4"
    before, sound = copied(source, out)
    assert packets(out) == packets(source)
    assert_same_picture(before, out)
    assert_sound_in_time(sound, out)
    if "turn" in options:
        assert before[0][1].shape == (64, 48, 3)


def test_frames_of_a_transport_stream_are_the_same(tmp_path: Path) -> None:
    """Its packets are framed by start codes, which mp4 writes as lengths: other bytes, same pictures."""
    before, sound = copied(film(tmp_path / "a.ts"), tmp_path / "out.mp4")
    assert_same_picture(before, tmp_path / "out.mp4")
    assert_sound_in_time(sound, tmp_path / "out.mp4")


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A video cut by its edit list: ten frames are there for the decoder only."""
    with av.open(str(film(tmp_path / "whole.mp4"))) as source, av.open(str(tmp_path / "cut.mp4"), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                ticks = round(Fraction(10, 25) / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - ticks, packet.dts - ticks, stream
                out.mux(packet)
    return tmp_path / "cut.mp4"


def test_what_an_edit_list_hides_stays_hidden(cut: Path, tmp_path: Path) -> None:
    before, sound = copied(cut, tmp_path / "out.mp4")
    assert len(before) == FRAMES - 10 and len(packets(tmp_path / "out.mp4")) == FRAMES
    assert_same_picture(before, tmp_path / "out.mp4")
    assert_sound_in_time(sound, tmp_path / "out.mp4")
    with pytest.raises(UserError, match="hidden frames"):
        copied(cut, tmp_path / "out.mkv")
    assert not (tmp_path / "out.mkv").exists()


def test_a_codec_that_mp4_cannot_hold_goes_into_mkv(tmp_path: Path) -> None:
    source = film(tmp_path / "a.webm", "libvpx", options={"cpu-used": "8"})
    with pytest.raises(UserError, match=r"mp4 has no place for its codec vp8.*\.mkv"):
        copied(source, tmp_path / "out.mp4")
    before, _ = copied(source, tmp_path / "out.mkv")
    assert packets(tmp_path / "out.mkv") == packets(source)
    assert_same_picture(before, tmp_path / "out.mkv")


def test_sound_of_the_source_is_gone(tmp_path: Path) -> None:
    """Dubbing a dubbed video: one picture, one sound."""
    copied(film(tmp_path / "a.mp4"), tmp_path / "once.mp4")
    copied(tmp_path / "once.mp4", tmp_path / "twice.mp4")
    assert packets(tmp_path / "twice.mp4") == packets(tmp_path / "a.mp4")
    with av.open(str(tmp_path / "twice.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


def test_nothing_is_left_of_a_copy_that_fails(tmp_path: Path) -> None:
    source = film(tmp_path / "a.mp4")
    with pytest.raises(RuntimeError), VideoCopy(tmp_path / "out.mp4", source, Fraction(0), RATE):
        raise RuntimeError
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4"]
    with pytest.raises(UserError, match=r"does not end in \.mp4"):
        VideoCopy(tmp_path / "out.gif", source, Fraction(0), RATE)


def test_no_file_of_the_system_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where there is no /dev/null."""
    source, opened = film(tmp_path / "a.mp4"), av.open

    def only_ours(file: Any, *args: Any, **options: Any) -> Any:
        assert not isinstance(file, str) or str(tmp_path) in file, f"{file} is opened"
        return opened(file, *args, **options)

    monkeypatch.setattr(av, "open", only_ours)
    for name in ("out.mp4", "out.mkv"):
        assert check_copy(tmp_path / name, source) == tmp_path / name
        copied(source, tmp_path / name)


def tagged(path: Path, tag: str | None) -> Path:
    """HEVC with the names that files have for it and its track, or without in other containers."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx265", rate=25, options={"x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        codec = stream.codec_context
        codec.sample_aspect_ratio, codec.color_primaries, codec.color_trc = Fraction(16, 11), 9, 18
        if tag is not None:
            codec.codec_tag = tag
        stream.metadata["language"], stream.metadata["title"] = "fra", "Camera 2"
        for k in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 8 * k, np.uint8), format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("source", "tag", "out", "expected"),
    [
        ("a.mp4", "hvc1", "out.mp4", "hvc1"),  # the only one that Apple's players accept
        ("a.mp4", "hev1", "out.mp4", "hev1"),
        ("a.mkv", None, "out.mp4", "hvc1"),
        ("a.mp4", "hvc1", "out.mkv", None),
    ],
)
def test_what_is_told_of_a_track_is_kept(tmp_path: Path, source: str, tag: str | None, out: str, expected: str | None) -> None:
    copied(tagged(tmp_path / source, tag), tmp_path / out)
    with av.open(str(tmp_path / out)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert expected is None or picture.codec_context.codec_tag == expected
        assert picture.language == "fra" and "Camera 2" in (picture.metadata.get("title"), picture.metadata.get("name"))
        assert picture.sample_aspect_ratio == Fraction(16, 11)
        assert (int(picture.codec_context.color_primaries), int(picture.codec_context.color_trc)) == (9, 18), "HDR stays HDR"
        assert picture.disposition & Disposition.default and sound.disposition & Disposition.default
