"""Lips for sound that is still coming: how far they look, and that the pieces of the sound do not matter."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jamflow import JamFlow
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.live.hearing import Hearing
from jamflow.loading.model import LoadedModel, assemble
from jamflow.sampling.generate import generate
from jamflow.sampling.windows import frame_noise
from jamflow.speech.waveform import write_wave

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
RATE, FRAME = 24_000, 960
STEPS = 2


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return assemble("mini", torch.device("cpu"))


@pytest.fixture(scope="module")
def speech(model: LoadedModel) -> np.ndarray:
    """Three seconds and a part of a frame."""
    wave = JamFlow(model).tts("My puppy jumps over the papers. Bob.", seed=1, nfe=8).speech.waveform
    return np.pad(wave, (0, 3 * RATE))[: 3 * RATE + 100]


def hearing(model: LoadedModel, steps: int = STEPS) -> Hearing:
    return Hearing(model, replace(model.sampling, steps=steps), seed=0)


def heard(model: LoadedModel, pieces: list[np.ndarray], steps: int = STEPS) -> tuple[np.ndarray, np.ndarray]:
    """Lips and sound of all that comes out."""
    one = hearing(model, steps)
    made = [stretch for piece in pieces for stretch in one.take(piece)] + list(one.end())
    return tuple(np.concatenate([getattr(stretch, name) for stretch in made]) for name in ("mouth_tm", "sound"))  # type: ignore


@pytest.fixture(scope="module")
def at_once(model: LoadedModel, speech: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return heard(model, [speech])


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 3 * RATE), min_size=1, max_size=20))
def test_the_same_sound_gives_the_same_lips_however_it_comes(model, speech, at_once, cuts: list[int]) -> None:
    pieces = np.split(speech, sorted(cuts))
    for a, b in zip(heard(model, pieces), at_once, strict=True):
        np.testing.assert_array_equal(a, b)


def test_all_sound_comes_out_and_every_frame_has_lips(speech: np.ndarray, at_once) -> None:
    mouth, sound = at_once
    assert len(mouth) == 76 and len(sound) == 76 * FRAME  # the last frame has 100 samples of sound
    np.testing.assert_array_equal(sound[: len(speech)], speech)
    assert not sound[len(speech) :].any()


def test_a_frame_needs_a_fifth_of_a_second_of_what_follows(model, speech: np.ndarray) -> None:
    one, other = hearing(model), hearing(model)
    assert not list(one.take(speech[: 9 * FRAME - 1]))
    (first,) = one.take(speech[9 * FRAME - 1 : 9 * FRAME])  # four frames, and five to look ahead
    assert len(first.mouth_tm) == 4
    (same,) = other.take(np.concatenate([speech[: 9 * FRAME], np.zeros(FRAME, np.float32)]))
    np.testing.assert_array_equal(first.mouth_tm, same.mouth_tm)
    (second,) = one.take(speech[9 * FRAME : 13 * FRAME])
    changed = speech.copy()
    changed[9 * FRAME : 13 * FRAME] = 0
    (different,) = other.take(changed[10 * FRAME : 13 * FRAME])
    assert np.abs(second.mouth_tm - different.mouth_tm).max() > 0.01


def test_lips_are_those_of_the_whole_recording_nearly(model, speech: np.ndarray, tmp_path) -> None:
    write_wave(tmp_path / "a.wav", speech, RATE)
    motion = JamFlow(model).animate(PORTRAIT, tmp_path / "a.wav", nfe=8).motion
    assert motion is not None
    whole = lip_opening_cm(motion.expression_tk3)
    mouth, _ = heard(model, [speech], steps=8)
    live = mouth.reshape(len(mouth), -1, 3)
    live_t = live[:, 2, 1] - live[:, 3, 1]
    both = min(len(whole), len(live_t))
    assert np.corrcoef(live_t[:both], whole[:both])[0, 1] > 0.75  # 0.81 here, 0.88 in clips of people
    assert np.corrcoef(live_t[:both], np.roll(whole[:both], 8))[0, 1] < 0.4


def test_memory_does_not_grow(model, speech: np.ndarray) -> None:
    one = hearing(model, steps=1)
    kept = []
    for _ in range(4):
        for _ in one.take(speech):
            pass
        kept.append(len(one._wave))
    assert max(kept) < 2 * RATE


def test_quiet_speech_moves_the_lips_as_loud_speech_does(model, speech: np.ndarray) -> None:
    loud, quiet = (heard(model, [level * speech])[0] for level in (1.0, 0.2))
    assert np.abs(loud - quiet)[25:].mean() < 0.02 * np.abs(loud).mean()


def test_a_frame_keeps_its_noise_from_window_to_window(model, speech: np.ndarray, monkeypatch) -> None:
    noises: list[torch.Tensor] = []

    def watched(*given):
        noises.append(given[5])
        return generate(*given)

    monkeypatch.setattr("jamflow.live.hearing.generate", watched)
    heard(model, [speech[: 2 * RATE]], steps=1)
    whole = frame_noise(0, 0, 64, noises[0].shape[1])
    for number, start in ((0, 0), (7, 0), (8, 8), (10, 16)):  # hop 8 begins at frame 32, 24 of them are past
        noise = noises[number]
        torch.testing.assert_close(noise, whole[start : start + len(noise)], rtol=0, atol=0)
