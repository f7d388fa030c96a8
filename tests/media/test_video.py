"""A video comes back with the same frames, times, colours and sound; a failed one leaves nothing."""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.media.video_reader import read_sound, read_video
from jamflow.media.video_writer import VideoWriter

RATE = 24_000
COLOURS = np.array(
    [
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
        (255, 255, 255),
        (0, 0, 0),
        (200, 140, 110),
        (90, 60, 40),
        (128, 128, 128),
    ]
)


def bars(height: int = 64) -> np.ndarray:
    return np.repeat(np.repeat(COLOURS[None], height, axis=0), 32, axis=1).astype(np.uint8)


def click_track(n_samples: int, at: int) -> np.ndarray:
    """Silence with one short, band-limited click centred on sample ``at`` (AAC smears a single sample)."""
    sound = np.zeros(n_samples, np.float32)
    t = np.arange(-60, 61)
    sound[at - 60 : at + 61] = 0.8 * np.cos(2 * np.pi * t / 12) * np.hanning(121)
    return sound


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(60)])
def test_frame_times_are_exact(tmp_path: Path, fps: Fraction) -> None:
    n_frames = 70
    with VideoWriter(tmp_path / "a.mp4", 64, 48, fps, RATE) as video:
        for k in range(n_frames):
            video.write_frame(np.full((48, 64, 3), 3 * k, np.uint8))
        video.write_audio(np.zeros(round(n_frames / fps * RATE), np.float32))
    read = list(read_video(tmp_path / "a.mp4"))
    assert [time for time, _ in read] == [k / fps for k in range(n_frames)]
    assert max(abs(float(rgb.mean()) - 3 * k) for k, (_, rgb) in enumerate(read)) < 4
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == fps
        assert stream.duration * stream.time_base == n_frames / fps


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001)])
def test_sound_starts_at_zero_and_lasts_as_long(tmp_path: Path, fps: Fraction) -> None:
    n_samples = 3 * RATE + 123  # not a multiple of the AAC frame
    sound = click_track(n_samples, at=30_000)
    with VideoWriter(tmp_path / "a.mp4", 64, 48, fps, RATE) as video:
        for start in range(0, n_samples, 997):
            video.write_audio(sound[start : start + 997])
        for _ in range(round(3 * fps)):
            video.write_frame(np.zeros((48, 64, 3), np.uint8))
    heard = read_sound(tmp_path / "a.mp4", max_seconds=10)
    assert (heard.sample_rate, heard.start_s, len(heard.samples)) == (RATE, 0, n_samples)
    offset = int(np.argmax(np.correlate(heard.samples, sound[29_900:30_100], "valid"))) - 29_900
    assert offset == 0
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.audio[0]
        assert stream.duration * stream.time_base == Fraction(n_samples, RATE)


def test_colours_survive_and_are_tagged_bt709(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 256, 64, Fraction(25), RATE) as video:
        for _ in range(5):
            video.write_frame(bars())
        video.write_audio(np.zeros(4800, np.float32))
    rgb = list(read_video(tmp_path / "a.mp4"))[2][1].astype(int)
    np.testing.assert_allclose(rgb[32, 16::32], COLOURS, atol=4)
    with av.open(str(tmp_path / "a.mp4")) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.pix_fmt, codec.name) == ("yuv420p", "h264")
        assert (codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range) == (1, 1, 1, 1)


@pytest.mark.parametrize("sound_first", [True, False])
def test_any_order_of_frames_and_sound(tmp_path: Path, sound_first: bool) -> None:
    def frames() -> None:
        for k in range(400):
            video.write_frame(np.full((48, 64, 3), k % 250, np.uint8))

    sound = click_track(16 * RATE, at=200_000)
    with VideoWriter(tmp_path / "a.mp4", 64, 48, Fraction(25), RATE) as video:
        if not sound_first:
            frames()
        video.write_audio(sound)
        if sound_first:
            frames()
    assert len(list(read_video(tmp_path / "a.mp4"))) == 400
    heard = read_sound(tmp_path / "a.mp4", max_seconds=20).samples
    assert abs(int(np.argmax(heard)) - 200_000) <= 1


def test_index_is_in_front(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 64, 48, Fraction(25), RATE) as video:
        video.write_frame(np.zeros((48, 64, 3), np.uint8))
        video.write_audio(np.zeros(960, np.float32))
    data = (tmp_path / "a.mp4").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a.mp4").write_text("old")
    with pytest.raises(error), VideoWriter(tmp_path / "a.mp4", 64, 48, Fraction(25), RATE) as video:
        for _ in range(80):
            video.write_frame(np.zeros((48, 64, 3), np.uint8))
        raise error
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_text() == "old"


def test_wrong_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="even"):
        VideoWriter(tmp_path / "a.mp4", 63, 48, Fraction(25), RATE)
    with (
        pytest.raises(ValueError, match="a frame must be"),
        VideoWriter(tmp_path / "a.mp4", 64, 48, Fraction(25), RATE) as video,
    ):
        video.write_frame(np.zeros((64, 48, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_places_that_cannot_take_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.mp4").mkdir()
    cases = {
        "a.avi": "does not end in .mp4",
        "missing/a.mp4": "output folder .* does not exist",
        "file/a.mp4": "is not a folder",
        "folder.mp4": "is a folder",
        "a" * 300 + ".mp4": "too long",
    }
    for name, words in cases.items():
        with pytest.raises(UserError, match=words):
            VideoWriter(tmp_path / name, 64, 48, Fraction(25), RATE)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="not writable"):
        VideoWriter(tmp_path / "a.mp4", 64, 48, Fraction(25), RATE)


FULL_DISK = """
import resource, signal, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from jamflow.errors import UserError
from jamflow.media.video_writer import VideoWriter

path = Path(sys.argv[1])

def write() -> None:
    rng = np.random.default_rng(0)
    with VideoWriter(path, 160, 120, Fraction(25), 24000) as video:
        for _ in range(60):
            video.write_frame(rng.integers(0, 255, (120, 160, 3), dtype=np.uint8))
            video.write_audio(np.zeros(960, np.float32))

write()
limit = int(path.stat().st_size * float(sys.argv[2]))
path.unlink()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    write()
except UserError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.mark.parametrize("share", [0, 0.02, 0.5, 0.999])
def test_a_full_disk(tmp_path: Path, share: float) -> None:
    """The process's limit on file size stands for the disk; met at the start, midway, in the last bytes."""
    run = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path / "a.mp4"), str(share)], capture_output=True, text=True)
    assert run.returncode == 2, run.stderr
    assert "no room on the disk" in run.stdout
    assert run.stderr == ""
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    code = """
import resource, sys
from fractions import Fraction
import numpy as np
from jamflow.media.video_writer import VideoWriter
frame = np.zeros((240, 320, 3), np.uint8)
peaks = []
with VideoWriter(sys.argv[1], 320, 240, Fraction(25), 24000) as video:
    for k in range(1500):
        video.write_frame(frame)
        video.write_audio(np.zeros(960, np.float32))
        if k in (500, 1499):
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(peaks[1] - peaks[0])
"""
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.mp4")], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 20_000  # KiB; the thousand frames between are 230 MB of pixels


def test_what_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    for name, words in {"noise.mp4": "cannot be read", "missing.mp4": "does not exist"}.items():
        with pytest.raises(UserError, match=words):
            list(read_video(tmp_path / name))


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001)])
def test_frames_of_uneven_times_last_as_long_as_told(tmp_path: Path, fps: Fraction) -> None:
    lasts = [Fraction(1, 25), Fraction(1, 50), Fraction(7, 30), Fraction(1001, 30000)] * 10
    times = [sum(lasts[:k], Fraction(0)) for k in range(len(lasts) + 1)]
    with VideoWriter(tmp_path / "a.mp4", 64, 48, fps, times_s=times) as video:
        for k in range(len(lasts)):
            video.write_frame(np.full((48, 64, 3), 6 * k, np.uint8))
    read = list(read_video(tmp_path / "a.mp4"))
    assert max(abs(time - told) for (time, _), told in zip(read, times[:-1], strict=True)) < Fraction(1, 9000)
    assert max(abs(float(rgb.mean()) - 6 * k) for k, (_, rgb) in enumerate(read)) < 4
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert abs(stream.duration * stream.time_base - times[-1]) < Fraction(1, 9000)


def shown(path: Path) -> tuple[list[Fraction], list[Fraction], bool]:
    """From the packets: when each frame is shown, for how long, and whether any is decoded before one that is shown earlier."""
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(container.streams.video[0]) if p.size]
    in_order = sorted(packets, key=lambda p: p.pts or 0)
    times = [Fraction(p.pts or 0) * p.time_base for p in in_order if p.time_base]
    lasts = [Fraction(p.duration or 0) * p.time_base for p in in_order if p.time_base]
    return times, lasts, in_order != packets


def moving(count: int) -> list[np.ndarray]:
    """A pattern that moves sideways: what an encoder makes B-frames of, where it may."""
    noise = np.random.default_rng(0).integers(0, 256, (48, 64 + 2 * count, 3), dtype=np.uint8)
    return [np.ascontiguousarray(noise[:, 2 * k : 2 * k + 64]) for k in range(count)]


def test_each_frame_lasts_as_long_as_told_even_where_lengths_differ(tmp_path: Path) -> None:
    """Containers count how long frames last in the order of decoding: no frame may refer to a later one."""
    told = [Fraction(1, 25), Fraction(1, 50), Fraction(7, 30), Fraction(1001, 30000)] * 10
    starts = [sum(told[:k], Fraction(0)) for k in range(len(told) + 1)]
    with VideoWriter(tmp_path / "a.mp4", 64, 48, Fraction(25), times_s=starts) as video:
        for frame in moving(len(told)):
            video.write_frame(frame)
    times, lasts, reordered = shown(tmp_path / "a.mp4")
    assert not reordered
    assert max(abs(a - b) for a, b in zip(times, starts[:-1], strict=True)) < Fraction(1, 9000)
    assert max(abs(a - b) for a, b in zip(lasts, told, strict=True)) < Fraction(1, 9000)


@pytest.mark.parametrize("times_s", [None, [Fraction(k, 20) for k in range(41)]])
def test_frames_of_even_lengths_are_compressed_with_b_frames(tmp_path: Path, times_s: list[Fraction] | None) -> None:
    with VideoWriter(tmp_path / "a.mp4", 64, 48, Fraction(20), times_s=times_s) as video:
        for frame in moving(40):
            video.write_frame(frame)
    times, lasts, reordered = shown(tmp_path / "a.mp4")
    assert reordered and times == [Fraction(k, 20) for k in range(40)]
    assert sum(lasts) == 2 and lasts[-1] > 0


def test_high_definition_without_a_matrix_is_bt709(tmp_path: Path) -> None:
    """As players take it; written and read again, the colours stay."""
    for height in (480, 720):
        rgb = np.full((height, 64, 3), (200, 60, 40), np.uint8)
        path = tmp_path / f"{height}.mkv"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=25, options={"crf": "4"})
            stream.width, stream.height, stream.pix_fmt = 720, height, "yuv420p"
            frame = av.VideoFrame.from_ndarray(np.repeat(rgb, 12, axis=1)[:, :720].copy(), format="rgb24")
            matrix = "ITU709" if height >= 720 else "ITU601"
            frame = frame.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range="MPEG")
            frame.colorspace = 2
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        seen = next(read_video(path))[1]
        np.testing.assert_allclose(seen[height // 2, 300], (200, 60, 40), atol=4)


@pytest.mark.parametrize(("size", "effort"), [((1920, 1080), b"subme=4"), ((2048, 1152), b"subme=2")])
def test_frames_of_more_than_1080_lines_are_encoded_with_less_effort(size, effort, tmp_path) -> None:
    width, height = size
    with VideoWriter(tmp_path / "v.mp4", width, height, Fraction(25), quality="filmed") as writer:
        writer.write_frame(np.full((height, width, 3), 90, np.uint8))
    written = (tmp_path / "v.mp4").read_bytes()
    assert effort in written and b"crf=16.0" in written, "what the encoder notes of its settings"
