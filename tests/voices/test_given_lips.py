"""Lips of a video of any length become utterances: cut where lips and sound rest, in time, with nothing lost."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
import torch

from jamflow.model.config import mini
from jamflow.sampling.utterance import GivenLips, Lips, Voice
from jamflow.text.phonemes import symbols
from jamflow.voices.phonemes.given_lips import LONGEST_S, cuts, utterances, with_lips

CONFIG = mini(len(symbols()))
FPS, VOICE_TOKENS = 25, 45  # 0.96 s
RATE = CONFIG.token_rate_hz


def voice(seen: bool = True) -> Voice:
    frames = CONFIG.motion_frames(VOICE_TOKENS)
    lips = Lips(torch.full((frames, 18), -7.0), torch.full((frames,), seen))
    return Voice(torch.zeros(2 * VOICE_TOKENS, 100), torch.full((VOICE_TOKENS,), 3), lips)


def given(length_s: F, resting: tuple[tuple[float, float], ...] = ()) -> GivenLips:
    """Every frame tells its own time in its last channel; the lips move but for rests."""
    times = np.arange(round(length_s * FPS)) / FPS
    mouth = np.zeros((len(times), 18), np.float32)
    moves = np.ones(len(times), bool)
    for start, end in resting:
        moves[(times >= start) & (times < end)] = False
    mouth[:, 10] = np.where(moves, -0.5 + 0.5 * np.sin(20 * times), 0)
    mouth[:, 17] = times
    return GivenLips(times, mouth, length_s)


def test_an_utterance_ends_in_the_middle_of_the_longest_rest_of_its_second_half() -> None:
    assert cuts([], 7.0, 10.0) == [7.0]
    assert cuts([(2.0, 4.0), (6.0, 6.4), (8.0, 9.0)], 15.0, 10.0) == [8.5, 15.0]
    assert cuts([(9.0, 8.0 + 3), (6.0, 6.4)], 15.0, 10.0) == [9.5, 15.0], "as much of it as lies before the end"
    assert cuts([(4.0, 6.0)], 15.0, 10.0) == [5.5, 15.0]
    assert cuts([], 25.0, 10.0) == [10.0, 20.0, 25.0], "where nobody rests"
    assert cuts([(5.0, 5.2), (13.0, 13.2)], 20.0, 10.0) == pytest.approx([5.1, 13.1, 20.0])


@pytest.mark.parametrize("length_s", [F(2), F(1001, 300), F(2503, 100)])
def test_utterances_cover_the_video_and_show_its_lips_in_time(length_s: F) -> None:
    lips = given(length_s, ((6.0, 7.0), (14.0, 14.4)))
    start_s, parts = F(0), list(utterances(lips, None, voice(), CONFIG))
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    for part in parts:
        assert part.voice_tokens == VOICE_TOKENS and part.speech.text_n is None and part.lips is not None
        assert part.speech.given_a is not None and int(part.speech.given_a.sum()) == VOICE_TOKENS
        mouth = part.lips.mouth_tc
        assert len(mouth) == CONFIG.motion_frames(part.tokens) and bool(part.lips.seen_t.all())
        assert (mouth[:24] == -7).all(), "the voice's own"
        at_s = float(start_s) + np.arange(len(mouth) - 24) / FPS
        np.testing.assert_allclose(mouth[24:, 17], at_s.clip(0, lips.times_s[-1]), atol=1e-5)
        assert part.length_s <= LONGEST_S + 0.01
        start_s += part.length_s
    assert abs(start_s - length_s) < F(1, 24_000)
    ends = np.cumsum([float(part.length_s) for part in parts])
    if length_s > 10:
        assert ends[0] == pytest.approx(6.5, abs=0.15), "in the rest"


def test_text_is_cut_where_it_pauses_and_counted_from_the_cut() -> None:
    """Twelve seconds: m, a pause from 6 to 7 s, ɑ."""
    phones = [("_", 0.0, 0.5), ("m", 0.5, 6.0), ("_", 6.0, 7.0), ("ɑ", 7.0, 11.5), ("_", 11.5, 12.0)]
    first, second = utterances(given(F(12)), phones, voice(), CONFIG)
    assert first.length_s == pytest.approx(6.5, abs=0.02)
    cut_s = float(first.length_s)
    assert first.phones == [("_", 0.0, 0.5), ("m", 0.5, 6.0), ("_", 6.0, pytest.approx(cut_s))]
    assert second.phones == [
        ("_", 0.0, pytest.approx(7.0 - cut_s)),
        ("ɑ", pytest.approx(7.0 - cut_s), pytest.approx(11.5 - cut_s)),
        ("_", pytest.approx(11.5 - cut_s), pytest.approx(12.0 - cut_s, abs=0.02)),
    ]
    text = second.speech.text_n
    assert text is not None and len(text) == second.tokens and (text[:VOICE_TOKENS] == 3).all()
    spoken = (text[VOICE_TOKENS:] == symbols().index("ɑ")).nonzero().flatten() / RATE
    assert float(spoken[0]) == pytest.approx(7.0 - cut_s, abs=1 / RATE) and len(spoken) == pytest.approx(4.5 * RATE, abs=2)


def test_a_phoneme_that_a_cut_goes_through_is_said_on_either_side() -> None:
    phones = [("m", 0.0, 4.0), ("ɑ", 4.0, 14.0)]
    first, second = utterances(given(F(14)), phones, voice(), CONFIG)
    assert first.phones[-2][0] == "ɑ" and first.phones[-2][2] == pytest.approx(10.0, abs=0.02)
    assert first.phones[-1] == ("_", first.phones[-2][2], pytest.approx(first.phones[-2][2])), "a silence of no length"
    assert second.phones[0] == ("ɑ", 0.0, pytest.approx(4.0, abs=0.02))


def test_lips_of_a_voice_are_made_only_where_they_are_not_known() -> None:
    def made(mel_fm: torch.Tensor) -> torch.Tensor:
        return torch.full((len(mel_fm) // 4, 18), 5.0)

    known = voice()
    assert with_lips(known, made) is known
    for other in (voice(seen=False), replace(known, lips=None)):
        lips = with_lips(other, made).lips
        assert lips is not None and (lips.mouth_tc == 5).all() and bool(lips.seen_t.all())
