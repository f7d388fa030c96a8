"""A model that times its text itself edits too: `mini` finds the words, the model is shown the whole new text and a hole."""

from pathlib import Path

import numpy as np
import pytest

from jamflow import JamFlow
from jamflow.errors import UserError
from jamflow.speech.waveform import read_wave
from jamflow.tasks import edit
from jamflow.text.f5_text import Vocabulary, tokenize
from jamflow.weights.shipped import asset
from tiny_base import make_folder

TEXT = "The baker put a warm apple pie on the windowsill."


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("said") / "baker.wav"
    JamFlow.load("mini", device="cpu").tts(TEXT, nfe=8).save(path)
    return path


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> JamFlow:
    return JamFlow.load(make_folder(tmp_path_factory.mktemp("base") / "tiny"), device="cpu")


def test_base_changes_the_words_and_nothing_else(
    base: JamFlow, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    generate = edit.generate
    monkeypatch.setattr(edit, "generate", lambda *a: given.append(a[2]) or generate(*a))
    result = base.edit(recording, change=("apple pie", "cherry cake"), transcript=TEXT, nfe=2)
    speech, was, report = result.speech.waveform, read_wave(recording, 24_000), result.save(tmp_path / "new.wav")
    start, old_end = (round(s * 24000) for s in report["replaced_s"])
    new_end = round(report["new_s"][1] * 24000)
    assert start > 7200 and np.array_equal(speech[: start - 24], was[: start - 24])
    assert np.array_equal(speech[new_end + 24 :], was[old_end + 24 :])
    assert not np.allclose(speech[start : start + 4000], was[start : start + 4000], atol=0.01)
    wanted = "The baker put a warm cherry cake on the windowsill."
    assert given[-1].speech.text_n.tolist() == Vocabulary(asset("base/vocab.txt")).indices(tokenize(wanted))
    assert given[-1].tokens > len(given[-1].speech.text_n)


def test_base_has_to_know_what_is_said_around(base: JamFlow, recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise UserError("Whisper is not installed.", "Install it.")

    monkeypatch.setattr("jamflow.alignment.find_words._whisper", missing)
    with pytest.raises(UserError, match="what is said around"):
        _ = base.edit(recording, text="cherry cake", from_s=1.0, to_s=1.5, nfe=2).speech
