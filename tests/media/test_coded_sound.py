"""Sound files other than wav: the same length and time, nothing half-written."""

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from jamflow.errors import UserError
from jamflow.media.coded_sound import CODED_SUFFIXES, CodedSoundWriter
from jamflow.media.video_reader import Sound, read_sound
from jamflow.speech.waveform import SOUND_SUFFIXES, WaveWriter, read_wave, sound_writer, write_wave

CODECS = {".mp3": "mp3", ".flac": "flac", ".opus": "opus"}


def speechlike(samples: int, rate: int) -> np.ndarray:
    """Tones that speech has, and a click at two thirds, which tells where everything is."""
    t = np.arange(samples) / rate
    wave = 0.1 * sum(np.sin(2 * np.pi * hz * t) for hz in (200, 450, 1_000, 2_300))
    at = samples * 2 // 3
    wave[at - 60 : at + 60] += 0.6 * np.hanning(120) * np.cos(np.arange(-60, 60) / 3)
    return wave.astype(np.float32)


def written(path: Path, wave: np.ndarray, rate: int, step: int = 7_001) -> Sound:
    with sound_writer(path, rate) as writer:
        for start in range(0, len(wave), step):
            writer.write(wave[start : start + step])
        assert not path.exists()
    return read_sound(path, 60.0)


@pytest.mark.parametrize("suffix", CODED_SUFFIXES)
@pytest.mark.parametrize(
    ("rate", "samples"), [(24_000, 55_207), (24_000, 24_000), (8_000, 18_407), (44_100, 60_001), (96_000, 96_000)]
)
def test_length_place_and_sound_are_kept(tmp_path: Path, suffix: str, rate: int, samples: int) -> None:
    wave = speechlike(samples, rate)
    heard = written(tmp_path / f"a{suffix}", wave, rate)
    assert len(heard.samples) == pytest.approx(samples * heard.sample_rate / rate, abs=0.51)
    assert soundfile.info(tmp_path / f"a{suffix}").duration == pytest.approx(samples / rate, abs=1e-4), (
        "as another reader sees it"
    )
    at_s = np.abs(heard.samples).argmax() / heard.sample_rate
    assert at_s == pytest.approx(np.abs(wave).argmax() / rate, abs=2.5e-4)
    again = read_wave(tmp_path / f"a{suffix}", rate)[rate // 10 : -rate // 10]
    error = again - wave[rate // 10 : -rate // 10][: len(again)]
    assert np.sqrt(np.mean(error**2)) < 0.02 * np.sqrt(8_000 / rate) + 0.01, "the error is far under the sound's 0.14"


@pytest.mark.parametrize("more", [*range(0, 60, 6), 575])
def test_an_mp3_ends_with_the_last_sample(tmp_path: Path, more: int) -> None:
    """LAME fills its last frame up; where little is missing, it adds another one."""
    samples = 90 * 576 - 1105 - more  # 1105 is LAME's delay
    assert len(written(tmp_path / "a.mp3", np.zeros(samples, np.float32) + 0.1, 22_050).samples) == samples


def test_flac_is_wav_to_the_bit(tmp_path: Path) -> None:
    wave = np.random.default_rng(0).uniform(-1.1, 1.1, 50_000).astype(np.float32)
    write_wave(tmp_path / "a.wav", wave, 22_050)
    np.testing.assert_array_equal(written(tmp_path / "a.flac", wave, 22_050).samples, read_sound(tmp_path / "a.wav", 9).samples)


@pytest.mark.parametrize("suffix", SOUND_SUFFIXES)
def test_the_same_sound_is_the_same_file(tmp_path: Path, suffix: str) -> None:
    wave = speechlike(30_000, 24_000)
    for name, step in (("a", 30_000), ("b", 999)):
        written(tmp_path / f"{name}{suffix}", wave, 24_000, step)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", CODED_SUFFIXES)
def test_the_suffix_says_what_is_in_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"my voice: né{suffix.upper()}"
    written(path, speechlike(24_000, 24_000), 24_000)
    with av.open(f"file:{path}") as container:
        assert container.streams.audio[0].codec_context.codec.canonical_name == CODECS[suffix]
        assert container.streams.audio[0].layout.nb_channels == 1
        assert path.stat().st_size < (48_000 if suffix == ".flac" else 24_000), "wav has 48,044"


@pytest.mark.parametrize("suffix", CODED_SUFFIXES)
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file(tmp_path: Path, suffix: str, error: type[BaseException]) -> None:
    (tmp_path / f"a{suffix}").write_bytes(b"old")
    with pytest.raises(error), CodedSoundWriter(tmp_path / f"a{suffix}", 24_000) as writer:
        writer.write(speechlike(24_000, 24_000))
        raise error
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(f"a{suffix}", b"old")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("suffix", CODED_SUFFIXES)
def test_a_full_disk(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = CodedSoundWriter(tmp_path / f"a{suffix}", 24_000)
    (tmp_path / "full.part").symlink_to("/dev/full")
    monkeypatch.setattr("jamflow.media.files._temporary", lambda path: tmp_path / "full.part")
    with pytest.raises(UserError, match="no room on the disk"), writer:
        for _ in range(60):
            writer.write(speechlike(24_000, 24_000))
    assert not list(tmp_path.iterdir())


def test_other_names_are_refused(tmp_path: Path) -> None:
    assert isinstance(sound_writer(tmp_path / "a.WAV", 24_000), WaveWriter)
    for name in ("a.mp4", "a", "a.ogg"):
        with pytest.raises(UserError, match=r"does not end in \.wav, \.mp3, \.flac or \.opus\."):
            sound_writer(tmp_path / name, 24_000)
    for suffix in SOUND_SUFFIXES:
        with pytest.raises(UserError, match="does not exist"):
            sound_writer(tmp_path / f"missing/a{suffix}", 24_000)


@pytest.mark.parametrize("suffix", CODED_SUFFIXES)
def test_what_is_too_loud_is_clipped(tmp_path: Path, suffix: str) -> None:
    heard = written(tmp_path / f"a{suffix}", 30 * speechlike(24_000, 24_000), 24_000)
    assert np.abs(heard.samples).mean() < 1.0
