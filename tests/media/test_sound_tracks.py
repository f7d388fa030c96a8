"""Sound as it comes out of cameras, discs and telephones: which track, how many loudspeakers, what is damaged."""

import wave
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from jamflow.errors import UserError
from jamflow.media.passed_sound import PassedSound
from jamflow.media.video_reader import has_video, read_sound, read_video, stream_sound, track_warnings, video_facts
from jamflow.media.video_writer import VideoWriter
from jamflow.speech.recording import open_recording
from jamflow.speech.waveform import read_wave

SECONDS = 1.0
HZ = {0: 300.0, 1: 700.0, 2: 1100.0}


def tones(rate: int, *hz: float, level: float = 0.5) -> np.ndarray:
    """(N, channels) one tone a channel; 0 Hz is silence."""
    t = np.arange(round(rate * SECONDS)) / rate
    return np.stack([level * np.sin(2 * np.pi * f * t) for f in hz], axis=1).astype(np.float32)


def write(
    path: Path, sounds: Sequence[np.ndarray], rate: int, codec: str, layout: str, default: int | None = None, first_s: float = 0
) -> Path:
    """A file with one track per sound; `default` is the track that is flagged, alone; sound begins at `first_s`."""
    with av.open(str(path), "w") as container:
        tracks = [container.add_stream(codec, rate=rate, layout=layout) for _ in sounds]
        for number, track in enumerate(tracks):
            track.metadata["language"] = ("eng", "fra", "deu")[number]
            if default is not None:
                track.disposition = Disposition.default if number == default else Disposition(0)
        for track, sound in zip(tracks, sounds, strict=True):
            resampler = av.AudioResampler(track.codec_context.format, layout, rate)
            for start in range(0, len(sound), 1024):
                part = np.ascontiguousarray(sound[start : start + 1024]).reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(part, format="flt", layout=layout)
                frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
                frame.pts = start + round(first_s * rate)
                for piece in resampler.resample(frame):
                    container.mux(track.encode(piece))
            container.mux(track.encode(None))
    return path


def pitch_hz(wave: np.ndarray, rate: int) -> float:
    size = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(size.argmax() * rate / len(wave))


@pytest.mark.parametrize(("default", "used"), [(None, 0), (0, 0), (1, 1), (2, 2)])
def test_the_default_track_is_heard_and_passed_on(tmp_path: Path, default: int | None, used: int) -> None:
    sounds = [tones(24_000, HZ[k]) for k in range(3)]
    path = write(tmp_path / "a.mkv", sounds, 24_000, "aac", "mono", default)
    sound = read_sound(path, 10)
    assert pitch_hz(sound.samples, sound.sample_rate) == pytest.approx(HZ[used], abs=3)
    with VideoWriter(tmp_path / "out.mp4", 64, 64, Fraction(25), passed=PassedSound(path, Fraction(0))) as video:
        for _ in range(25):
            video.write_frame(np.zeros((64, 64, 3), np.uint8))
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert len(container.streams.audio) == 1
    passed = read_sound(tmp_path / "out.mp4", 10)
    assert pitch_hz(passed.samples, passed.sample_rate) == pytest.approx(HZ[used], abs=3)
    (warning,) = track_warnings(path)
    assert "3 sound tracks" in warning and f"number {used + 1} ({('eng', 'fra', 'deu')[used]})" in warning


def test_one_track_needs_no_words(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", [tones(24_000, 300)], 24_000, "aac", "mono")
    assert track_warnings(path) == []


@pytest.mark.parametrize("codec", ["pcm_s16le", "aac", "flac"])
@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1", "7.1", "quad"])
def test_many_loudspeakers_never_clip(tmp_path: Path, layout: str, codec: str) -> None:
    count = av.AudioLayout(layout).nb_channels
    sound = np.repeat(tones(48_000, 440, level=0.9), count, axis=1)
    path = write(tmp_path / "a.mkv", [sound], 48_000, codec, layout)
    middle = read_wave(path, 24_000)[6_000:18_000]
    loud = 0.9 / np.sqrt(2)  # the same everywhere is the same (AAC alone overshoots a little, so not the peak)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(loud, rel=0.02)
    assert pitch_hz(middle, 24_000) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("layout", ["5.1", "7.1"])
def test_speech_in_the_middle_outweighs_the_rest_and_the_rumble_is_left_out(tmp_path: Path, layout: str) -> None:
    count = av.AudioLayout(layout).nb_channels
    hz = [500, 600, 1000, 60, *range(1500, 1500 + 100 * (count - 4), 100)]
    path = write(tmp_path / "a.mkv", [tones(48_000, *hz)], 48_000, "pcm_s16le", layout)
    sound = read_sound(path, 10)
    t = np.arange(len(sound.samples)) / sound.sample_rate
    at = {f: abs(np.mean(sound.samples * np.exp(-2j * np.pi * f * t))) for f in hz}  # whole periods: nothing leaks
    assert max(at, key=lambda f: at[f]) == 1000 and at[60] < 1e-3 * at[1000]
    assert at[500] == pytest.approx(0.7071 * at[1000], rel=0.02)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 32_000, 44_100, 96_000])
def test_any_rate(tmp_path: Path, rate: int) -> None:
    path = write(tmp_path / "a.wav", [tones(rate, 440)], rate, "pcm_s16le", "mono")
    heard = read_wave(path, 24_000)
    assert len(heard) == 24_000 and pitch_hz(heard, 24_000) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("name", ["a.mkv", "a.mov", "a.mp4"])
def test_sound_that_begins_late_is_late_in_the_new_video(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, [tones(24_000, 440)], 24_000, "aac" if name != "a.mov" else "pcm_s16le", "mono", first_s=0.7)
    assert float(next(stream_sound(path)).start_s) == pytest.approx(0.7, abs=0.05)
    with VideoWriter(tmp_path / "out.mp4", 64, 64, Fraction(25), passed=PassedSound(path, Fraction(0))) as video:
        for _ in range(50):
            video.write_frame(np.zeros((64, 64, 3), np.uint8))
    assert _begins(tmp_path / "out.mp4") == pytest.approx(_begins(path), abs=0.003)
    assert _begins(path) == pytest.approx(0.7, abs=0.01)


def _begins(path: Path) -> float:
    sound = read_sound(path, 10)
    return float(sound.start_s) + int(np.argmax(np.abs(sound.samples) > 0.2)) / sound.sample_rate


def test_a_cover_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    with av.open(str(path), "w") as container:
        audio = container.add_stream("mp3", rate=24_000, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt, cover.disposition = 64, 64, "yuvj420p", Disposition.attached_pic
        for packet in cover.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")):
            container.mux(packet)
        frame = av.AudioFrame.from_ndarray(tones(24_000, 440).reshape(1, -1), format="fltp", layout="mono")
        frame.sample_rate = 24_000
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    assert len(read_wave(path, 24_000)) > 20_000 and not has_video(path)
    for refuse in (video_facts, lambda path: next(read_video(path))):
        with pytest.raises(UserError, match="has no picture"):
            refuse(path)


@pytest.mark.parametrize(("name", "codec"), [("a.mkv", "aac"), ("a.wav", "pcm_s16le"), ("a.mp3", "mp3"), ("a.flac", "flac")])
def test_a_file_that_breaks_off_gives_what_is_left(tmp_path: Path, name: str, codec: str) -> None:
    sound = np.concatenate([tones(24_000, 440)] * 4)
    path = write(tmp_path / name, [sound], 24_000, codec, "mono")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    assert 1.5 < float(open_recording(path, 24_000).length_s) < 3.5
    assert pitch_hz(read_wave(path, 24_000), 24_000) == pytest.approx(440, abs=2)


def test_a_broken_mp4_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", [tones(24_000, 440)], 24_000, "aac", "mono")
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(UserError, match=r"cannot be read|no sound"):
        open_recording(path, 24_000)


@pytest.mark.parametrize(("was", "now"), [("a.mp4", "a.wav"), ("a.wav", "a.mp3"), ("a.mkv", "a.mp4"), ("a.mp3", "a.flac")])
def test_a_wrong_name_does_not_matter(tmp_path: Path, was: str, now: str) -> None:
    codec = {"a.mp4": "aac", "a.wav": "pcm_s16le", "a.mkv": "aac", "a.mp3": "mp3"}[was]
    path = write(tmp_path / was, [tones(24_000, 440)], 24_000, codec, "mono").rename(tmp_path / now)
    assert pitch_hz(read_wave(path, 24_000), 24_000) == pytest.approx(440, abs=2)


def test_no_sound_in_a_sound_track(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
    for refuse in (partial(read_wave, sample_rate=24_000), partial(open_recording, rate_hz=24_000)):
        with pytest.raises(UserError, match=r"no sound|cannot be read"):
            refuse(path)


def mixed(path: Path, channels_cn: Sequence[np.ndarray], rate: int = 24_000) -> np.ndarray:
    """What is heard of a wav file with these channels."""
    values = np.stack(channels_cn, axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(values.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(values * 32767).astype("<i2").tobytes())
    return read_sound(path, 10).samples


VOICE, NOISE = tones(24_000, 300)[:, 0], 0.01 * np.random.default_rng(0).standard_normal(24_000)


@pytest.mark.parametrize(
    ("channels_cn", "size"),
    [
        ((VOICE, -VOICE), 0.5),
        ((VOICE, NOISE - VOICE), 0.5),
        ((0.3 + VOICE, 0.3 - VOICE), 0.5),  # with an offset, which does not cancel out
        ((VOICE, -VOICE, 0 * VOICE, 0 * VOICE, 0 * VOICE, 0 * VOICE), 0.15),  # of 5.1
        ((0 * VOICE, 0 * VOICE, 0 * VOICE, VOICE, 0 * VOICE, 0 * VOICE), 0.08),  # where films have their rumble
        ((0 * VOICE, VOICE, -VOICE), 0.3),
    ],
)
def test_channels_that_cancel_out_are_heard(tmp_path: Path, channels_cn: Sequence[np.ndarray], size: float) -> None:
    heard = mixed(tmp_path / "a.wav", channels_cn)
    assert pitch_hz(heard - heard.mean(), 24_000) == pytest.approx(300, abs=3)
    assert np.abs(heard - heard.mean()).max() > 0.9 * size
    assert open_recording(tmp_path / "a.wav", 24_000).length_s == 1
    (warning,) = track_warnings(tmp_path / "a.wav")
    assert "a.wav would be silent" in warning


@pytest.mark.parametrize("right", [VOICE, 0 * VOICE, NOISE, -0.3 * VOICE, tones(24_000, 700)[:, 0]])
def test_other_stereo_is_averaged(tmp_path: Path, right: np.ndarray) -> None:
    assert mixed(tmp_path / "a.wav", (VOICE, right)) == pytest.approx((VOICE + right) / 2, abs=1e-4)
    assert track_warnings(tmp_path / "a.wav") == []


def test_loud_rumble_stays_out(tmp_path: Path) -> None:
    quiet, rumble, nothing = 0.02 * VOICE, tones(24_000, 40)[:, 0], 0 * VOICE
    heard = mixed(tmp_path / "a.wav", (nothing, nothing, quiet, rumble, nothing, nothing))
    assert pitch_hz(heard, 24_000) == pytest.approx(300, abs=3)


def test_a_file_that_changed_is_measured_anew(tmp_path: Path) -> None:
    mixed(tmp_path / "a.wav", (VOICE, -VOICE))
    assert mixed(tmp_path / "a.wav", (VOICE, VOICE)) == pytest.approx(VOICE, abs=1e-4)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 24])
def test_any_number_of_channels_is_heard(tmp_path: Path, number: int) -> None:
    heard = mixed(tmp_path / "a.wav", [VOICE] * number)
    assert heard == pytest.approx(VOICE, abs=1e-4)
