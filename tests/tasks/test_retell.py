"""A person in a video says something else: the shipped model, a video that it made."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from jamflow import JamFlow
from jamflow.errors import UserError
from jamflow.footage.retime import as_filmed
from jamflow.media.video_reader import read_sound, read_video
from jamflow.media.video_writer import VideoWriter
from jamflow.sampling.conditions import SpeechCondition
from jamflow.sampling.utterance import Utterance
from jamflow.tasks.retell import plan_retelling
from jamflow.text.fit import FitMode

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
BLOCK = 15  # audio tokens in 0.32 s
RATE_HZ = Fraction(375, 8)


class Talker:
    """Speaks pieces of so many blocks at rate 1."""

    warnings = ()

    def __init__(self, *blocks: int):
        self.blocks = blocks

    def utterances(self, text: str, speed: float) -> Iterator[Utterance]:
        for number, blocks in enumerate(self.blocks):
            tokens = BLOCK * round(blocks / speed)
            given_a, text_n = torch.arange(30 + tokens) < 30, torch.ones(30 + tokens).long()
            speech = SpeechCondition("generated", torch.zeros(60, 100), given_a, text_n)
            length_s = tokens / RATE_HZ
            phones = [("a", 0.0, float(length_s))]
            yield Utterance(30 + tokens, 30, speech, None, phones, length_s, number == len(self.blocks) - 1)


def told(video_s: float, way: FitMode | None, *blocks: int) -> SimpleNamespace:
    filmed = as_filmed([Fraction(k, 25) for k in range(round(video_s * 25))], Fraction(round(video_s * 25), 25))
    result = plan_retelling(Talker(*blocks), "text", 1.0, filmed, way, BLOCK)  # type: ignore[arg-type]
    said = list(result.utterances())
    assert [u.last for u in said] == [False] * (len(said) - 1) + [True]
    return SimpleNamespace(
        speech_s=float(sum(u.length_s for u in said)),
        picture_s=float(result.order.end_s),
        warnings=result.warnings,
        frames=result.order.frames_n,
        said=said,
    )


def test_a_small_difference_goes_without_a_word() -> None:
    same = told(3.5, "refuse", 5, 5)
    assert same.speech_s == pytest.approx(3.2) and same.picture_s == pytest.approx(3.2) and not same.warnings


@pytest.mark.parametrize("way", [None, "loop"])
def test_the_picture_follows_the_speech(way: FitMode | None) -> None:
    long, short = told(2.0, way, 10), told(6.0, way, 10)
    assert long.picture_s == short.picture_s == pytest.approx(3.2)
    assert long.frames[:50].tolist() == list(range(50)) and long.frames[50:].tolist() == list(range(48, 18, -1)), "back again"
    assert short.frames.tolist() == list(range(80)) and len(long.warnings) == len(short.warnings) == 1


def test_rate_changes_the_speech_within_reason() -> None:
    faster, far = told(4.0, "rate", 16), told(2.0, "rate", 100)
    assert faster.speech_s == pytest.approx(4.0, abs=0.33) and "1.28 times as fast" in faster.warnings[0]
    assert far.speech_s == pytest.approx(32 / 1.6, abs=0.5) and far.picture_s == pytest.approx(far.speech_s, abs=0.05)


def test_pause_is_silent_until_the_video_ends() -> None:
    rest = told(9.0, "pause", 10)
    assert rest.speech_s >= 9.0 and rest.speech_s == pytest.approx(9.0, abs=0.33) and rest.picture_s >= 9.0
    for silent in rest.said[1:]:
        assert (silent.speech.text_n[:30] == 1).all() and (silent.speech.text_n[30:] == 0).all(), "after the same voice: silence"
        assert len(silent.speech.text_n) == silent.tokens == len(silent.speech.given_a)
    with pytest.raises(UserError, match="no room for a pause"):
        told(2.0, "pause", 20)


def test_trim_leaves_out_what_comes_after_the_end() -> None:
    cut = told(4.0, "trim", 5, 5, 5)
    assert cut.speech_s == cut.picture_s == pytest.approx(3.2) and "left out" in cut.warnings[0]
    with pytest.raises(UserError, match="not even its first sentence"):
        told(1.0, "trim", 10)


def test_refuse() -> None:
    with pytest.raises(UserError, match=r"lasts 6\.0 s and the speech 3\.2 s"):
        told(6.0, "refuse", 10)


@pytest.fixture(scope="module")
def model() -> JamFlow:
    return JamFlow.load()


def test_a_video_says_something_else(model: JamFlow, tmp_path: Path) -> None:
    model.speak(PORTRAIT, "My puppy jumps over seven apples.", seed=3, nfe=8, frame="head").save(tmp_path / "in.mp4")
    result = model.retell(tmp_path / "in.mp4", "Bob may buy maps.", nfe=4)
    made = result.save(tmp_path / "out.mp4")
    filmed, frames = ([rgb for _, rgb in read_video(tmp_path / name)] for name in ("in.mp4", "out.mp4"))
    assert made["frames"] == len(frames) == round(made["seconds"] * 25) < len(filmed)
    drawn = list(result.frames())
    changed = np.max([np.abs(a.astype(int) - b).max(2) for a, b in zip(drawn[::6], filmed[::6], strict=False)], axis=0) > 0
    ys, xs = np.nonzero(changed)
    assert 0.01 < changed.mean() < 0.3 and ys.min() > 0.2 * changed.shape[0], "the lower face and nothing else"
    assert xs.min() > 0 and np.abs(result.speech.waveform).max() > 0.05
    assert len(read_sound(tmp_path / "out.mp4", 60).samples) == pytest.approx(len(result.speech.waveform), abs=1024)


def test_a_silent_video_has_the_models_own_voice(model: JamFlow, tmp_path: Path) -> None:
    model.speak(PORTRAIT, "Apples.", seed=3, nfe=4, frame="head").save(tmp_path / "in.mp4")
    frames = [rgb for _, rgb in read_video(tmp_path / "in.mp4")]
    with VideoWriter(tmp_path / "mute.mp4", frames[0].shape[1], frames[0].shape[0], Fraction(25)) as video:
        for rgb in frames:
            video.write_frame(rgb)
    result = model.retell(tmp_path / "mute.mp4", "Plums.", nfe=1)
    assert any("the voice is the model's own" in warning for warning in result.warnings)
