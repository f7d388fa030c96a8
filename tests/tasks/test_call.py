"""What every task does with what it is given: the model and the sampling that reach the generation."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jamflow import JamFlow, Sampling
from jamflow.model.joint import JointModel
from jamflow.result import Result
from jamflow.tasks import pieces
from jamflow.voices import adaptation

FEW = replace(adaptation.Adaptation(), steps=1)
PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[JointModel, Sampling]]:
    """The model and the sampling of every call that a result makes."""
    seen, real = [], pieces.generate
    monkeypatch.setattr(pieces, "generate", lambda *given: seen.append((given[0], given[3])) or real(*given))
    return seen


def made(result: Result) -> np.ndarray:
    return result.speech.waveform


def test_a_voice_is_spoken_by_the_model_that_learnt_it(calls: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adaptation, "Adaptation", lambda: FEW)
    model = JamFlow.load()
    model.tts("This is how I sound, and I say a little more.", nfe=2).save(tmp_path / "me.wav")
    calls.clear()
    made(model.tts("Hi.", nfe=1))
    made(model.tts("Hi.", nfe=1, voice=tmp_path / "me.wav"))
    own, learnt = (joint for joint, _ in calls)
    assert own is model._model.joint and learnt is not own


def test_without_a_text_dub_is_guided_by_the_lips_alone(calls: list, tmp_path: Path) -> None:
    model = JamFlow.load()
    model.speak(PORTRAIT, "One, two.", nfe=1, still=True).save(tmp_path / "v.mp4")
    calls.clear()
    for given in ({}, {"guidance": 1.5}, {"text": "One, two."}):
        made(model.dub(tmp_path / "v.mp4", nfe=1, **given))
    how = [sampling for _, sampling in calls]
    assert [(s.speech_guidance, s.keep_beginning) for s in how] == [
        (3.0, True),
        (1.5, True),
        (model.sampling.speech_guidance, False),
    ]
