"""From a video of somebody who speaks to new speech in time with the lips: the shipped model, real files."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from jamflow import JamFlow
from jamflow.app.cli import run
from jamflow.data.features import loudness
from jamflow.errors import UserError
from jamflow.evaluate.lips import correlation
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.media.video_reader import read_sound, read_video
from jamflow.media.video_writer import VideoWriter
from jamflow.mel_format import MelFormat
from jamflow.result import Result
from jamflow.speech.mel import LogMel
from jamflow.voices.phonemes.given_lips import cuts

MEL = MelFormat()
PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
TEXT = "My puppy jumps over the wall. Bob may move the apples."
LEAD = 20  # frames in which the portrait is silent


@pytest.fixture(scope="module")
def model() -> JamFlow:
    return JamFlow.load()


@pytest.fixture(scope="module")
def spoken(model: JamFlow) -> Result:
    result = model.speak(PORTRAIT, TEXT, seed=3, nfe=8, speed=0.85, frame="head")
    assert len(result.speech.waveform)
    return result


@pytest.fixture(scope="module")
def film(spoken: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A silent video that begins with a still face."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    frames = list(spoken.frames())
    with VideoWriter(path, frames[0].shape[1], frames[0].shape[0], Fraction(25)) as video:
        for rgb in [frames[0]] * LEAD + frames:
            video.write_frame(rgb)
    return path


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(container.streams.video[0]) if p.size]


def level(wave: np.ndarray, count: int) -> np.ndarray:
    """(count,) loudness at 25 Hz."""
    import torch

    loud = loudness(LogMel(MEL)(torch.from_numpy(wave)).numpy())
    return np.interp((np.arange(count) + 0.5) / 25 * MEL.frame_rate_hz, np.arange(len(loud)), loud)


def shown(path: Path) -> int:
    return sum(1 for _ in read_video(path))


def test_the_text_is_said_in_time_and_the_picture_stays(model: JamFlow, spoken: Result, film: Path, tmp_path: Path) -> None:
    result = model.dub(film, TEXT, seed=1, nfe=8)
    made = result.save(tmp_path / "out.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]
    assert packets(tmp_path / "out.mp4") == packets(film)
    frames = shown(film)
    assert made["frames"] == frames and made["seconds"] == pytest.approx(frames / 25, abs=1e-3)
    assert len(result.speech.waveform) == frames * 960, "exactly as long as the picture"
    heard = read_sound(tmp_path / "out.mp4", 60)
    assert heard.start_s == 0 and len(heard.samples) == frames * 960

    def starts(phones, late_s=0.0):
        return np.array([a + late_s for s, a, _ in phones if s.isalpha() or s[-1].isalpha()])

    off = np.abs(starts(result.phones) - starts(spoken.phones, LEAD / 25))
    assert np.median(off) < 0.08
    known = np.concatenate([np.zeros(LEAD), level(spoken.speech.waveform, frames - LEAD)])
    assert correlation(level(result.speech.waveform, frames), known) > 0.6
    assert np.abs(result.speech.waveform[: (LEAD - 5) * 960]).max() < 0.05, "silent while the lips rest"


def test_without_a_text_speech_follows_the_lips(model: JamFlow, spoken: Result, film: Path, tmp_path: Path) -> None:
    result = model.dub(film, seed=1)
    frames = shown(film)
    assert len(result.speech.waveform) == frames * 960 and result.phones == []
    motion = spoken.motion
    assert motion is not None
    lips = np.concatenate([np.zeros(LEAD), lip_opening_cm(motion.expression_tk3)])
    loud = level(result.speech.waveform, frames)
    assert correlation(loud, lips) > 0.3 > correlation(loud, np.roll(lips, frames // 2))
    result.save(tmp_path / "out.wav")
    np.testing.assert_allclose(read_sound(tmp_path / "out.wav", 60).samples, result.speech.waveform, atol=1e-4)


def test_seed_and_pieces(model: JamFlow, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several utterances are as long as one, and say the same phonemes."""
    whole = model.dub(film, TEXT, seed=1, nfe=2)
    again, other = (model.dub(film, TEXT, seed=seed, nfe=2).speech.waveform for seed in (1, 2))
    np.testing.assert_array_equal(whole.speech.waveform, again)
    assert not np.array_equal(whole.speech.waveform, other)
    monkeypatch.setattr("jamflow.voices.phonemes.given_lips.LONGEST_S", 2.0)
    parts = model.dub(film, TEXT, seed=1, nfe=2)
    pieces = list(parts.pieces())
    assert len(pieces) >= 3 and sum(len(p.speech) for p in pieces) == len(whole.speech.waveform)
    said = [s for s, _, _ in parts.phones if s[-1].isalpha()]
    assert said == [s for s, _, _ in whole.phones if s[-1].isalpha()]


def test_a_voice_of_its_own_needs_no_lips(model: JamFlow, spoken: Result, film: Path, tmp_path: Path) -> None:
    spoken.save(tmp_path / "voice.wav")
    result = model.dub(film, "Hello there, my friends, how are you all?", voice=tmp_path / "voice.wav", nfe=2)
    assert len(result.speech.waveform) == shown(film) * 960


def frames_of(film: Path) -> list[np.ndarray]:
    return [rgb for _, rgb in read_video(film)]


def test_lost_faces_are_lips_at_rest(model: JamFlow, film: Path, tmp_path: Path) -> None:
    frames = frames_of(film)[:60]
    with VideoWriter(tmp_path / "a.mp4", frames[0].shape[1], frames[0].shape[0], Fraction(25)) as video:
        for rgb in frames + [np.zeros_like(frames[0])] * 50:
            video.write_frame(rgb)
    result = model.dub(tmp_path / "a.mp4", "My puppy.", nfe=4)
    assert any("In 50 of 110 frames of the video no face was found" in w for w in result.warnings)
    wave = result.speech.waveform
    assert np.abs(wave[70 * 960 :]).max() < 0.1 * np.abs(wave).max()


def test_no_face_at_all(model: JamFlow, tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", 64, 64, Fraction(25)) as video:
        for _ in range(30):
            video.write_frame(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(UserError, match="No human face"):
        model.dub(tmp_path / "a.mp4", "Hello.")


def test_a_turned_video_of_any_rate(model: JamFlow, film: Path, tmp_path: Path) -> None:
    frames = frames_of(film)
    rate = Fraction(30000, 1001)
    with av.open(str(tmp_path / "turned.mov"), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width = frames[0].shape[1], frames[0].shape[0]
        stream.pix_fmt = "yuv420p"
        stream.set_display_rotation(90)
        for k in range(int(len(frames) / 25 * rate)):
            rgb = np.ascontiguousarray(np.rot90(frames[min(int(k / rate * 25), len(frames) - 1)], -1))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode(None))
    upright = next(rgb for _, rgb in read_video(tmp_path / "turned.mov"))
    assert np.abs(upright.astype(int) - frames[0]).mean() < 10
    result = model.dub(tmp_path / "turned.mov", TEXT, nfe=2)
    result.save(tmp_path / "out.mp4")
    assert packets(tmp_path / "out.mp4") == packets(tmp_path / "turned.mov")
    seconds = shown(tmp_path / "turned.mov") / rate
    assert len(result.speech.waveform) == round(seconds * 24_000)
    plain = model.dub(film, TEXT, nfe=2)
    said = [[start for symbol, start, _ in one.phones if symbol.isalpha()] for one in (result, plain)]
    assert np.median(np.abs(np.subtract(*said))) < 0.1  # other frames, encoded anew: lips are read a little differently


def test_what_does_not_fit(model: JamFlow, film: Path) -> None:
    long = " ".join([TEXT] * 6)
    with pytest.raises(UserError, match=r"takes about \d+\.\d s to say, and the picture lasts \d+\.\d s: too long"):
        model.dub(film, long)
    with pytest.raises(UserError, match="takes about"):
        model.dub(film, "Bob.", fit="refuse")
    with pytest.raises(UserError, match="means nothing for dub"):
        model.dub(film, TEXT, fit="loop")
    trimmed = model.dub(film, long, fit="trim", nfe=1)
    assert any("words are left out" in w for w in trimmed.warnings)
    assert len(trimmed.speech.waveform) == shown(film) * 960


def test_command(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dub", "--video", str(film), "--text", "Hello.", "--nfe", "1", "-o", str(tmp_path / "a.mkv")]) == 0
    out, err = capsys.readouterr()
    assert "a.mkv" in out and "--fit pause" in err
    assert packets(tmp_path / "a.mkv") == packets(film)


def test_cuts_are_in_rests() -> None:
    assert cuts([], 9.0, 10.0) == [9.0]
    assert cuts([(7.0, 7.4), (8.0, 8.1)], 15.0, 10.0) == [pytest.approx(7.2), 15.0]
    assert cuts([(1.0, 2.0)], 25.0, 10.0) == [10.0, 20.0, 25.0], "where nobody rests, as long as may be"
    ends = cuts([(0.0, 60.0)], 60.0, 10.0)
    assert all(b - a <= 10.0 for a, b in pairwise([0.0, *ends]))
