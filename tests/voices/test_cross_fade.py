"""Loudness and cross-fade are the official code's; joining piece by piece gives what joining at once would."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from golden import Golden
from jamflow.mel_format import MelFormat
from jamflow.voices.f5.cross_fade import CrossFade
from jamflow.voices.f5.reference import to_f5_level

MEL = MelFormat()


@pytest.mark.parametrize("case", Golden("f5tts", "audio_post.npz").meta["cases"])
def test_after_the_vocoder(case: str) -> None:
    golden = Golden("f5tts", "audio_post.npz")
    about = golden.meta["cases"][case]
    reference, back = to_f5_level(golden.input(about["ref"]).numpy().mean(0))
    golden.check(f"{case}/cond_audio", torch.from_numpy(reference)[None], atol=1e-6)
    join = CrossFade(int(about["cross_fade_duration"] * MEL.sample_rate_hz))
    waves = [golden.input(name).numpy() * np.float32(back) for name in about["gens"]]
    out = np.concatenate([join.add(wave, last=i == len(waves) - 1) for i, wave in enumerate(waves)])
    golden.check(f"{case}/final", torch.from_numpy(out), atol=1e-6)


def at_once(waves: list[np.ndarray], ramp: int) -> np.ndarray:
    """The whole sound so far is mixed with every next piece."""
    out = waves[0]
    for wave in waves[1:]:
        m = min(ramp, len(out), len(wave))
        mixed = out[len(out) - m :] * np.linspace(1, 0, m) + wave[:m] * np.linspace(0, 1, m)
        out = np.concatenate([out[: len(out) - m], mixed, wave[m:]])
    return out


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.integers(0, 40))
def test_piece_by_piece_is_all_at_once(lengths: list[int], ramp: int) -> None:
    rng = np.random.default_rng(0)
    waves = [rng.standard_normal(n) for n in lengths]
    join = CrossFade(ramp)
    out = np.zeros(0)
    for i, wave in enumerate(waves):
        out = np.concatenate([out, join.add(wave, last=i == len(waves) - 1)])
        if i < len(waves) - 1:
            whole = at_once(waves[: i + 1], ramp)
            assert len(out) == max(0, len(whole) - ramp), "no more is held back than the ramp"
    np.testing.assert_allclose(out, at_once(waves, ramp), atol=1e-12)


def test_equal_sound_stays_as_loud() -> None:
    join = CrossFade(10)
    out = np.concatenate([join.add(np.ones(30)), join.add(np.ones(30), last=True)])
    np.testing.assert_allclose(out, np.ones(50))
