"""The shipped model, from text to files: real picture, real sound."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from jamflow import JamFlow
from jamflow.errors import UserError
from jamflow.media.video_reader import read_sound, read_video
from jamflow.speech.waveform import read_wave, write_wave

PORTRAIT = Path(__file__).parents[1] / "src/jamflow/assets/portraits/astronaut.png"


@pytest.fixture(scope="module")
def model() -> JamFlow:
    return JamFlow.load()


def test_speak_writes_a_talking_video(model: JamFlow, tmp_path: Path) -> None:
    result = model.speak(PORTRAIT, "My puppy jumps. Bob may move.", seed=3, nfe=8)
    made = result.save(tmp_path / "out.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]
    frames = list(read_video(tmp_path / "out.mp4"))
    assert made["frames"] == len(frames) and made["fps"] == 25
    assert [t for t, _ in frames] == [Fraction(k, 25) for k in range(len(frames))]
    sound = read_sound(tmp_path / "out.mp4", 60.0)
    assert len(sound.samples) / sound.sample_rate == pytest.approx(len(frames) / 25, abs=0.05)
    motion = result.motion
    assert motion is not None and len(motion) == len(frames)
    opening = motion.expression_tk3[:, 2, 1] - motion.expression_tk3[:, 3, 1]
    assert opening.max() > 0.4, "the mouth opens"
    silent = [k for k in range(len(frames)) for s, a, b in result.phones if s == "_" and a + 0.12 < k / 25 < b - 0.12]
    assert silent and np.mean(opening[silent] < 0.12) > 0.8, "and is closed in silence"
    still, loud = frames[0][1], frames[int(opening.argmax())][1]
    assert np.abs(still.astype(int) - loud.astype(int)).max() > 40, "and one sees it"


def test_same_seed_same_result_whatever_came_before(model: JamFlow) -> None:
    text = "Seven green apples."
    first = model.tts(text, seed=1, nfe=4).speech.waveform
    other = model.tts(text, seed=2, nfe=4).speech.waveform
    again = model.tts(text, seed=1, nfe=4).speech.waveform
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_pieces_stream_and_join(model: JamFlow) -> None:
    result = model.tts("One apple. Two pears. Three plums.", nfe=4)
    pieces = result.pieces()
    first = next(pieces)
    assert len(first.speech) % 7680 == 0, "whole blocks of 0.32 s"
    whole = result.speech.waveform
    assert np.array_equal(whole[: len(first.speech)], first.speech)
    edge = len(first.speech)
    jump = np.abs(np.diff(whole[edge - 5 : edge + 5])).max()
    assert jump < 0.05, "no click at the seam"
    assert result.phones[-1][2] == pytest.approx(len(whole) / 24000)


@pytest.mark.parametrize("seed", [1, 3])
def test_a_pause_at_a_seam_is_silent(model: JamFlow, seed: int) -> None:
    """The first piece ends in 0.34 s of silence, into which the model would put the start of another sentence."""
    first = next(model.tts("My mother bought a big map of Bombay. We followed the road.", seed=seed).pieces())
    _, start_s, end_s = first.phones[-1]
    assert end_s - start_s > 0.3
    assert np.abs(first.speech[int((start_s + 0.1) * 24000) :]).max() < 1e-6
    assert np.abs(first.speech[: int(start_s * 24000)]).max() > 0.1


def test_speed(model: JamFlow) -> None:
    text = "The quick brown fox jumps over the lazy dog near the river bank."
    slow, fast = (len(model.tts(text, nfe=1, speed=s).speech.waveform) for s in (0.7, 1.5))
    assert 1.6 < slow / fast < 2.6


def test_voice_from_a_recording(model: JamFlow, tmp_path: Path) -> None:
    spoken = model.tts("This is how I sound today.", nfe=8).speech
    write_wave(tmp_path / "ref.wav", spoken.waveform, spoken.sample_rate)
    out = model.tts("Another sentence.", voice=tmp_path / "ref.wav", voice_text="This is how I sound today.", nfe=4)
    default = model.tts("Another sentence.", nfe=4)
    assert not np.array_equal(out.speech.waveform, default.speech.waveform)
    made = out.save(tmp_path / "out.wav")
    assert len(read_wave(tmp_path / "out.wav", 24_000)) == len(out.speech.waveform) == round(made["seconds"] * 24000)


@pytest.mark.parametrize(
    ("text", "said"), [("", "no text to say"), ("...", "nothing"), ("Привет, мир", "English"), ("你好", "English")]
)
def test_text_that_cannot_be_spoken(model: JamFlow, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        model.tts(text)


def test_unknown_model_and_device() -> None:
    with pytest.raises(UserError, match="no model called"):
        JamFlow.load("giant")
    with pytest.raises(UserError, match="no device"):
        JamFlow.load(device="abacus")
