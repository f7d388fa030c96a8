"""Text to pieces: whole blocks, the durations that were asked for, nothing left out."""

import math

import pytest

from jamflow.model.config import mini
from jamflow.text.durations import load_durations
from jamflow.text.frontend import TextFrontend, TimedSentence
from jamflow.text.manner import KINDS
from jamflow.text.phonemes import Phonemizer, symbols
from jamflow.weights.shipped import asset

CONFIG = mini(len(symbols()))
TEXT = "My mother bought a map. Where did Bob go, and why? " + "He went over the hill and far away, " * 8 + "today."


@pytest.fixture(scope="module")
def reader() -> TextFrontend:
    return TextFrontend(load_durations(asset("mini/durations.safetensors"), CONFIG.audio.text_vocab), CONFIG)


def seconds(pieces: list[TimedSentence]) -> float:
    return sum(p.tokens for p in pieces) / CONFIG.token_rate_hz


def test_a_block_is_whole_in_sound_and_picture() -> None:
    block_s = CONFIG.block_tokens / CONFIG.token_rate_hz
    assert block_s == pytest.approx(0.32) and block_s * CONFIG.motion_fps == pytest.approx(8)


def test_pieces_hold_the_whole_text_in_whole_blocks(reader: TextFrontend) -> None:
    pieces = list(reader.pieces(TEXT, 1.0))
    assert " ".join(p.text for p in pieces).split() == TEXT.split()
    for piece in pieces:
        assert piece.tokens % CONFIG.block_tokens == 0 and len(piece.text_a) == piece.tokens
        ends = [end for _, _, end in piece.phones]
        assert [start for _, start, _ in piece.phones] == pytest.approx([0.0, *ends[:-1]])
        assert ends[-1] == pytest.approx(piece.tokens / CONFIG.token_rate_hz)
        said = [s for s, start, end in piece.phones if end - start > 1.01 / CONFIG.token_rate_hz]
        heard = [symbols()[i] for i in dict.fromkeys(piece.text_a.tolist())]
        assert set(said) <= set(heard)  # no sound that lasts longer than a token is lost


def test_only_the_first_piece_begins_with_a_long_silence(reader: TextFrontend) -> None:
    for speed in (1.0, 2.0):
        first_s = [piece.phones[0][2] for piece in reader.pieces(TEXT, speed)]
        assert first_s[0] == pytest.approx(0.3) and first_s[1:] == pytest.approx([0.12] * (len(first_s) - 1))
    assert [piece.last for piece in reader.pieces(TEXT, 1.0)] == [False] * (len(first_s) - 1) + [True]


def test_speed_divides_the_time(reader: TextFrontend) -> None:
    normal, fast = (seconds(list(reader.pieces(TEXT, speed))) for speed in (1.0, 2.0))
    assert fast == pytest.approx(normal / 2, rel=0.12)


def test_speaking_rate_is_human(reader: TextFrontend) -> None:
    words = len(TEXT.split())
    assert 2.0 < words / seconds(list(reader.pieces(TEXT, 1.0))) < 4.5


def test_a_recordings_text_fills_its_length(reader: TextFrontend) -> None:
    tokens = reader.spread("My mother bought a map.", 120)
    assert len(tokens) == 120 and symbols()[int(tokens[0])] == "_"
    assert [symbols()[i] for i in tokens.tolist()].index("m") > 1
    for length in (30, 120, 300):
        said = [symbols()[i] for i in reader.spread("My mother bought a map.", length).tolist()]
        assert 0.7 * length < max(i for i, s in enumerate(said) if s == "p") < length


def test_the_pace_of_a_recording_is_how_long_its_text_usually_takes(reader: TextFrontend) -> None:
    text = "The bird in the car was not hot. It was cold, and it sang."
    usual_s = sum(seconds for sentence in reader.sentences(text) for symbol, seconds in sentence if symbol != "_")
    for length_s, pace in ((usual_s, 0.0), (1.2 * usual_s, math.log(1.2)), (0.8 * usual_s, math.log(0.8)), (9 * usual_s, 0.4)):
        assert reader.pace_of(text, length_s).tolist() == pytest.approx([pace] * len(KINDS), abs=1e-5)
    assert reader.pace_of(text, 0.0).tolist() == pytest.approx([-0.4] * len(KINDS))


def test_british_text_is_read_as_the_british_do_unless_it_is_another_language(reader: TextFrontend) -> None:
    class Mumbling(Phonemizer):
        def __call__(self, sentence: str) -> list[str]:
            return ["m"]

    said = {name: one.phonemizer("hot") for name, one in (("american", reader), ("british", reader.in_british()))}
    assert said == {"american": ["h", "ˈɑ", "t"], "british": ["h", "ˈɒ", "t"]}
    other = TextFrontend(reader._durations, CONFIG, Mumbling()).in_british()
    assert other.phonemizer("hot") == ["m"]
