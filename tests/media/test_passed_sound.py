"""Sound of one file in another video: the same packets where mp4 takes them, heard at the same moment in any case."""

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from jamflow.media.passed_sound import PassedSound
from jamflow.media.video_reader import nearest_frames, read_sound, read_video, video_facts
from jamflow.media.video_writer import VideoWriter

FPS = Fraction(25)
CLICK_S = 1.2
CHANNELS = {"mono": 1, "stereo": 2, "5.1": 6, "7.1": 8, "hexadecagonal": 16}


def click(rate: int, seconds: float, at_s: float) -> np.ndarray:
    """Silence with a short band-limited click centred at a moment."""
    sound = np.zeros(round(rate * seconds), np.float32)
    t = np.arange(-rate // 200, rate // 200 + 1)
    sound[round(at_s * rate) + t] = 0.8 * np.cos(2 * np.pi * 1000 * t / rate) * np.hanning(len(t))
    return sound


def write(
    path: Path, codec: str, rate: int, layout: str = "mono", first_frame_s: Fraction = Fraction(0), hz: float | None = None
) -> None:
    """Two seconds of grey with a click at `CLICK_S`, or a tone throughout; the picture may begin later than the sound."""
    with av.open(str(path), "w") as container:
        if path.suffix not in (".mp3", ".mka"):
            video = container.add_stream("libx264" if path.suffix != ".webm" else "libvpx-vp9", rate=25)
            video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio = container.add_stream(codec, rate=rate, layout=layout)
        for k in range(50 if container.streams.video else 0):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 4 * k, np.uint8), format="rgb24")
            frame.pts, frame.time_base = k + round(first_frame_s * 25), Fraction(1, 25)
            container.mux(video.encode(frame))
        if container.streams.video:
            container.mux(video.encode(None))
        wave = click(rate, 2.4, CLICK_S) if hz is None else 0.5 * np.sin(2 * np.pi * hz * np.arange(2.4 * rate) / rate)
        sound = np.repeat(wave[:, None].astype(np.float32), CHANNELS[layout], axis=1)
        resampler = av.AudioResampler(audio.codec_context.format, layout, rate)
        for start in range(0, len(sound), 1024):
            part = np.ascontiguousarray(sound[start : start + 1024]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, format="flt", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            for piece in resampler.resample(frame):
                container.mux(audio.encode(piece))
        container.mux(audio.encode(None))


def pass_on(source: Path, target: Path, start_s: Fraction = Fraction(0), frames: int = 50) -> None:
    with VideoWriter(target, 64, 64, FPS, passed=PassedSound(source, start_s)) as video:
        for _ in range(frames):
            video.write_frame(np.zeros((64, 64, 3), np.uint8))


def heard_at(path: Path) -> float:
    sound = read_sound(path, 60)
    return float(sound.start_s) + int(np.abs(sound.samples).argmax()) / sound.sample_rate


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(container.streams.audio[0]) if p.size]


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("a.mp4", "aac", 44100, "stereo"),
        ("a.mp4", "aac", 8000, "mono"),
        ("a.webm", "libopus", 48000, "mono"),
        ("a.mov", "pcm_s16le", 22050, "stereo"),
        ("a.mkv", "ac3", 48000, "5.1"),
        ("a.mov", "pcm_s16le", 16384, "mono"),
        ("a.mkv", "mp3", 44100, "stereo"),
        ("a.mp3", "mp3", 24000, "mono"),
        ("a.mkv", "aac", 48000, "7.1"),
        ("a.mkv", "libopus", 48000, "7.1"),
        ("a.mov", "pcm_s16le", 96000, "7.1"),
        ("a.mkv", "flac", 96000, "7.1"),
        ("a.mkv", "eac3", 48000, "5.1"),
        ("a.mka", "pcm_s16le", 48000, "hexadecagonal"),
    ],
)
def test_the_click_stays_where_it_was(tmp_path: Path, name: str, codec: str, rate: int, layout: str) -> None:
    write(tmp_path / name, codec, rate, layout)
    pass_on(tmp_path / name, tmp_path / "out.mp4")
    assert heard_at(tmp_path / "out.mp4") == pytest.approx(heard_at(tmp_path / name), abs=0.002)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.audio[0].layout.nb_channels == {16: 1}.get(CHANNELS[layout], CHANNELS[layout])


@pytest.mark.parametrize(("channels", "rate"), [(1, 8_000), (2, 44_100), (6, 48_000)])
def test_wav_that_tells_only_how_many_channels(tmp_path: Path, channels: int, rate: int) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(32767 * click(rate, 2.0, CLICK_S)[:, None], channels, axis=1).astype("<i2").tobytes())
    pass_on(tmp_path / "a.wav", tmp_path / "out.mp4")
    assert heard_at(tmp_path / "out.mp4") == pytest.approx(CLICK_S, abs=0.002)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.audio[0].layout.nb_channels == channels


def test_aac_is_copied_packet_for_packet_and_cut_where_the_frames_end(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", "aac", 24000)
    pass_on(tmp_path / "a.mp4", tmp_path / "out.mp4", frames=40)
    before, after = packets(tmp_path / "a.mp4"), packets(tmp_path / "out.mp4")
    assert after == before[: len(after)]
    sound = read_sound(tmp_path / "out.mp4", 60)
    assert len(sound.samples) / sound.sample_rate == pytest.approx(1.6, abs=1.5 * 1024 / 24000)


def test_sound_that_is_cut_begins_at_once(tmp_path: Path) -> None:
    """A decoder of AAC needs what comes before; without it the first 40 ms would be faint."""
    write(tmp_path / "a.mp4", "aac", 24000, hz=440)
    pass_on(tmp_path / "a.mp4", tmp_path / "out.mp4", Fraction(1, 2), frames=30)
    sound = read_sound(tmp_path / "out.mp4", 60)
    assert sound.start_s <= 0
    heard = sound.samples[round(-float(sound.start_s) * 24000) :]
    level = np.sqrt(np.mean(heard[: 24000 // 5 * 5].reshape(-1, 240) ** 2, axis=1))
    assert level[:5].min() > 0.9 * np.median(level)


@pytest.mark.parametrize("name", ["a.mkv", "a.mov"])
def test_a_picture_that_begins_later_than_its_sound(tmp_path: Path, name: str) -> None:
    codec = "aac" if name == "a.mkv" else "pcm_s16le"
    write(tmp_path / name, codec, 48000, first_frame_s=Fraction(2, 5))
    start_s = next(read_video(tmp_path / name))[0]
    assert start_s == pytest.approx(0.4, abs=0.03)
    pass_on(tmp_path / name, tmp_path / "out.mp4", start_s)
    assert heard_at(tmp_path / "out.mp4") == pytest.approx(heard_at(tmp_path / name) - float(start_s), abs=0.003)


def test_facts(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", "aac", 24000)
    assert video_facts(tmp_path / "a.mp4").fps == FPS and video_facts(tmp_path / "a.mp4").has_sound
    with VideoWriter(tmp_path / "silent.mp4", 64, 64, Fraction(30000, 1001)) as video:
        for _ in range(10):
            video.write_frame(np.zeros((64, 64, 3), np.uint8))
    facts = video_facts(tmp_path / "silent.mp4")
    assert facts.fps == Fraction(30000, 1001) and not facts.has_sound


def test_constant_rate_from_any_times() -> None:
    even = [Fraction(k, 25) + 3 for k in range(7)]
    assert list(nearest_frames(even, FPS)) == list(range(7))
    late = [Fraction(0), Fraction(1, 25), Fraction(4, 25), Fraction(5, 25)]
    assert list(nearest_frames(late, FPS)) == [0, 1, 1, 2, 2, 3]
    assert list(nearest_frames([Fraction(5)], FPS)) == [0]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_telephone_video_is_upright(tmp_path: Path, degrees: int) -> None:
    rgb = np.zeros((64, 96, 3), np.uint8)
    rgb[:32, :48] = 255  # upper left
    path = tmp_path / "a.mp4"
    with VideoWriter(path, 96, 64, FPS) as video:
        video.write_frame(rgb)
    _write_rotation(path, degrees)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    assert frame.rotation % 360 != 0
    shown = next(read_video(path))[1]
    assert shown.shape[:2] == ((96, 64) if degrees % 180 else (64, 96))
    # The matrix turns the stored picture clockwise by `degrees`: the bright corner goes round with it.
    corners = {90: np.s_[:20, -20:], 180: np.s_[-20:, -20:], 270: np.s_[-20:, :20]}
    assert shown[corners[degrees]].mean() > 200 and np.delete(shown, 0, 0).mean() < 90


def _write_rotation(path: Path, degrees: int) -> None:
    """Put a display matrix into the track header, as telephones do."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version 0: flags and times before the matrix
    cos, sin = round(np.cos(np.deg2rad(degrees))), round(np.sin(np.deg2rad(degrees)))
    matrix = np.array([cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30], ">i4")
    data[at : at + 36] = matrix.tobytes()
    path.write_bytes(bytes(data))
