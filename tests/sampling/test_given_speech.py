"""A recording as utterances: nothing lost, nothing twice, cut where it is quiet, memory bounded."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from jamflow.errors import UserError
from jamflow.model.config import JointConfig, base, mini
from jamflow.sampling.given_speech import LONGEST_S, chunks, utterances
from jamflow.sampling.windows import reach_frames
from jamflow.speech.recording import open_recording

BLOCK, MARGIN, LONGEST = 4, 3, 16


@settings(deadline=None)
@given(st.lists(st.integers(0, 90), max_size=12), st.integers(0, 9))
def test_chunks_are_the_sound_with_its_surroundings(sizes: list[int], seed: int) -> None:
    sound = np.random.default_rng(seed).standard_normal(sum(sizes)).astype(np.float32)
    edges = np.cumsum([0, *sizes])
    parts = list(chunks((sound[a:b] for a, b in pairwise(edges)), BLOCK, MARGIN, LONGEST))
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    at = 0
    for part in parts:
        assert part.before == min(at, MARGIN * BLOCK) and len(part.wave) <= LONGEST * BLOCK
        np.testing.assert_array_equal(part.wave, sound[at - part.before :][: len(part.wave)])
        if not part.last:
            assert part.kept % BLOCK == 0 and len(part.wave) - part.before - part.kept >= MARGIN * BLOCK
            assert len(part.wave) == LONGEST * BLOCK, "one length, whatever the cut"
            assert (LONGEST - 2 * MARGIN) // 2 <= part.kept // BLOCK <= LONGEST - 2 * MARGIN
        at += part.kept
    assert at == len(sound)


def test_cut_where_it_is_quiet() -> None:
    sound = np.ones(40 * BLOCK, np.float32)
    sound[7 * BLOCK - 2 : 7 * BLOCK + 2] = 0.1
    sound[9 * BLOCK - 2 : 9 * BLOCK + 2] = 0.2
    first = next(chunks([sound], BLOCK, MARGIN, LONGEST))
    assert first.kept == 7 * BLOCK


def talk(path: Path, seconds: float) -> None:
    noise = np.random.default_rng(0).standard_normal(round(seconds * 16_000)) * 0.1
    soundfile.write(path, noise.clip(-1, 1), 16_000)


CONFIGS = {
    "mini": mini(9),
    "base": base(),
    "base, the last window whose reach fits": replace(base(), window_s=0.5),
    "base, twice the window": replace(base(), window_s=0.8),
    "base, the widest window": replace(base(), window_s=11.2),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("seconds", [0.5, 2.0, 2.001, 29.9, 75.0])
def test_utterances_cover_the_speech(tmp_path: Path, config: JointConfig, seconds: float) -> None:
    """Frames are ceil(seconds * fps): the picture lasts at least as long as the sound, and less than a frame longer."""
    talk(tmp_path / "a.wav", seconds)
    recording = open_recording(tmp_path / "a.wav", 24_000)
    end_s, frames = Fraction(0), 0
    for utterance in utterances(recording, config):
        mel = utterance.speech.mel_fm
        assert mel is not None and len(mel) == utterance.tokens * config.frames_per_token
        assert utterance.tokens / config.token_rate_hz <= LONGEST_S + 0.03
        before_s = utterance.voice_tokens / Fraction(config.token_rate_hz)
        assert utterance.first_frame == (end_s - before_s) * 25, "whole frames"
        after_s = utterance.tokens / config.token_rate_hz - float(before_s + utterance.length_s)
        reach_s = min(reach_frames(config) / 25, 11.2)
        assert reach_s >= config.window_s
        assert utterance.last or after_s >= reach_s - 1e-6, "what follows is heard"
        assert utterance.first_frame == 0 or before_s >= reach_s, "and what was"
        assert utterance.recorded is not None and len(utterance.recorded) % 960 == 0
        frames += len(utterance.recorded) // 960
        end_s += utterance.length_s
    assert end_s == recording.length_s and frames == -(-recording.length_s * 25 // 1)


def test_a_window_that_is_wider_than_the_surroundings_is_refused(tmp_path: Path) -> None:
    talk(tmp_path / "a.wav", 1.0)
    with pytest.raises(UserError, match=r"sees 11\.3 s of speech to either side; a recording can show it 11\.2 s") as error:
        next(utterances(open_recording(tmp_path / "a.wav", 24_000), replace(base(), window_s=11.3)))
    assert error.value.hint


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    def peak(seconds: float) -> int:
        path = tmp_path / "long.wav"
        soundfile.write(path, np.tile(np.random.default_rng(0).standard_normal(8_000) * 0.1, round(seconds)), 8_000)
        tracemalloc.start()
        for _ in _recorded(path):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(240) < 1.2 * peak(60)


def _recorded(path: Path) -> Iterator[object]:
    yield from utterances(open_recording(path, 24_000), mini(9))
