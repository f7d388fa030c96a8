"""Sound of any kind becomes mono float32 at 24 kHz; what is no usable speech is refused in one sentence."""

import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from jamflow.errors import UserError
from jamflow.media.files import replacing
from jamflow.speech import waveform
from jamflow.speech.waveform import WaveWriter, read_wave, write_wave


def tone(seconds: float, sample_rate: int, hz: float = 440.0, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * sample_rate)) / sample_rate)).astype(np.float32)


def encode(path: Path, codec: str, samples: np.ndarray, sample_rate: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=sample_rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = sample_rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_wave_round_trip_is_within_half_a_step(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, 24_000).astype(np.float32)
    write_wave(tmp_path / "a.wav", samples, 24_000)
    np.testing.assert_allclose(read_wave(tmp_path / "a.wav", 24_000), samples, atol=1.01 / 32768)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24_000)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_rate_and_sample_format(tmp_path: Path, rate: int, subtype: str) -> None:
    soundfile.write(tmp_path / "a.wav", tone(1.0, rate), rate, subtype=subtype)
    samples = read_wave(tmp_path / "a.wav", 24_000)
    assert samples.dtype == np.float32
    assert abs(len(samples) - 24_000) <= 1
    middle = slice(2_000, 22_000)  # the resampler's filter rings where the tone starts and stops
    np.testing.assert_allclose(samples[middle], tone(1.0, 24_000)[middle], atol=0.02 if subtype == "PCM_U8" else 2e-3)


@pytest.mark.parametrize(("name", "codec"), [("a.mp3", "mp3"), ("a.m4a", "aac"), ("a.opus", "libopus")])
def test_compressed_sound(tmp_path: Path, name: str, codec: str) -> None:
    encode(tmp_path / name, codec, tone(2.0, 48_000), 48_000)
    samples = read_wave(tmp_path / name, 24_000)
    assert len(samples) == pytest.approx(48_000, abs=1_500)
    spectrum = np.abs(np.fft.rfft(samples[8_000:32_000]))
    assert np.argmax(spectrum) == 440
    assert np.sqrt(np.mean(samples[8_000:32_000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_flac_and_stereo_is_averaged(tmp_path: Path) -> None:
    left, right = tone(1.0, 24_000, 440), tone(1.0, 24_000, 1000, level=0.2)
    soundfile.write(tmp_path / "a.flac", np.stack([left, right], axis=1), 24_000)
    np.testing.assert_allclose(read_wave(tmp_path / "a.flac", 24_000), (left + right) / 2, atol=1e-4)


def test_resampling_keeps_no_alias(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(1.0, 48_000, hz=15_000) + tone(1.0, 48_000, hz=300, level=0.1), 48_000)
    spectrum = np.abs(np.fft.rfft(read_wave(tmp_path / "a.wav", 24_000)))
    assert spectrum[9_000] < 1e-3 * spectrum[300]  # 24 000 - 15 000


def test_names_with_spaces_colons_and_accents(tmp_path: Path) -> None:
    path = tmp_path / "my voice: né.wav"
    soundfile.write(path, tone(1.0, 24_000), 24_000)
    assert len(read_wave(path, 24_000)) == 24_000


def test_tags_that_are_not_utf8(tmp_path: Path) -> None:
    write_wave(tmp_path / "a.wav", tone(1.0, 24_000), 24_000)
    riff = (tmp_path / "a.wav").read_bytes()
    tag = b"LIST" + struct.pack("<I", 16) + b"INFOINAM" + struct.pack("<I", 4) + "café".encode("latin-1")
    (tmp_path / "b.wav").write_bytes(riff[:36] + tag + riff[36:])
    assert len(read_wave(tmp_path / "b.wav", 24_000)) == 24_000


def test_a_cut_mp3_gives_what_is_left(tmp_path: Path) -> None:
    encode(tmp_path / "a.mp3", "mp3", tone(4.0, 24_000), 24_000)
    data = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "cut.mp3").write_bytes(data[: len(data) // 2 + 7])
    assert len(read_wave(tmp_path / "cut.mp3", 24_000)) == pytest.approx(48_000, rel=0.1)


def test_the_limit_is_exact_and_reading_stops_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "a.wav", tone(3.0, 24_000), 24_000)
    monkeypatch.setattr(waveform, "MAX_SECONDS", 3.0)
    assert len(read_wave(tmp_path / "a.wav", 24_000)) == 72_000
    monkeypatch.setattr(waveform, "MAX_SECONDS", 2.5)
    with pytest.raises(UserError, match=r"over 2\.5 s long"):
        read_wave(tmp_path / "a.wav", 24_000)


def test_half_a_second_is_enough(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(0.5, 24_000), 24_000)
    assert len(read_wave(tmp_path / "a.wav", 24_000)) == 12_000


def test_unusable_sound_is_refused_in_one_sentence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(24_000), 24_000)
    soundfile.write(tmp_path / "offset.wav", np.full(24_000, 0.3), 24_000)
    soundfile.write(tmp_path / "short.wav", tone(0.3, 24_000), 24_000)
    soundfile.write(tmp_path / "nan.wav", np.full(24_000, np.nan, np.float32), 24_000, subtype="FLOAT")
    soundfile.write(tmp_path / "header.wav", np.zeros(0), 24_000)
    with wave.open(str(tmp_path / "hour.wav"), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 8_000 * 3600))
    (tmp_path / "noise.mp3").write_bytes(np.random.default_rng(0).bytes(300))
    (tmp_path / "text.wav").write_text("not a sound")
    (tmp_path / "empty.wav").touch()
    with av.open(str(tmp_path / "mute.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    cases = {
        "silent.wav": "is silent",
        "offset.wav": "is silent",
        "short.wav": r"less than 0\.5 s",
        "nan.wav": "invalid samples",
        "header.wav": "no sound",
        "hour.wav": "over 600 s long",
        "noise.mp3": "cannot be read|no sound",
        "text.wav": "cannot be read",
        "empty.wav": "is empty",
        "mute.mp4": "has no sound",
        "missing.wav": "does not exist",
        ".": "is a folder",
        "https://example.org/a.wav": "does not exist",
    }
    for name, words in cases.items():
        with pytest.raises(UserError, match=words) as caught:
            read_wave(tmp_path / name, 24_000)
        assert "\n" not in str(caught.value)


def test_write_wave_refuses_other_suffixes_and_missing_folders(tmp_path: Path) -> None:
    for name, words in {"a.mp3": "does not end in .wav", "missing/a.wav": "does not exist"}.items():
        with pytest.raises(UserError, match=words):
            write_wave(tmp_path / name, np.zeros(100), 24_000)
    assert not list(tmp_path.iterdir())


def test_pieces_make_one_file(tmp_path: Path) -> None:
    samples = tone(1.5, 24_000)
    with WaveWriter(tmp_path / "a.wav", 24_000) as writer:
        for start in range(0, len(samples), 7_001):
            writer.write(samples[start : start + 7_001])
        assert not (tmp_path / "a.wav").exists()
    np.testing.assert_allclose(read_wave(tmp_path / "a.wav", 24_000), samples, atol=0.51 / 32768)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getnframes() == len(samples)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_no_sound_file(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), WaveWriter(tmp_path / "a.wav", 24_000) as writer:
        writer.write(tone(1.0, 24_000))
        raise error
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "full.part").symlink_to("/dev/full")
    monkeypatch.setattr("jamflow.media.files._temporary", lambda path: tmp_path / "full.part")
    with pytest.raises(UserError, match="no room on the disk"), replacing(tmp_path / "a.wav") as temporary:
        temporary.write_bytes(bytes(10_000))
    assert not list(tmp_path.iterdir())
