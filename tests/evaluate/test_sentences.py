"""The benchmark's sentences: enough of them, of the right length, and in no training text."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SENTENCES = (ROOT / "benchmarks" / "sentences.txt").read_text(encoding="utf-8").splitlines()


def bare(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


def leaked(sentences: Iterable[str], training_texts: Iterable[str]) -> list[str]:
    """The sentences that are a training text, or the whole of a part of one."""
    wanted = {bare(s): s for s in sentences}
    shortest = min(len(words) for words in wanted)
    found = []
    for text in map(bare, training_texts):
        if len(text) >= shortest:
            found += [s for words, s in wanted.items() if f" {words} " in f" {text} "]
    return found


def test_there_are_forty_different_sentences_of_5_to_25_words():
    assert len({bare(s) for s in SENTENCES}) == 40
    assert all(5 <= len(s.split()) <= 25 for s in SENTENCES)


def test_a_leak_is_seen_whatever_the_case_and_punctuation():
    assert leaked(["Bring it back!"], ["A list.", "she said: bring IT, back; now"]) == ["Bring it back!"]
    assert leaked(["Bring it back!"], ["Bring it backwards."]) == []


def test_no_sentence_is_in_the_shared_text():
    shared = Path(os.environ.get("JAMFLOW_SHARED", ROOT.parent / "shared"))
    texts = shared / "data" / "text" / "wordnet_sentences.txt"
    if not texts.exists():
        pytest.skip(f"{texts} is not here")
    assert leaked(SENTENCES, texts.read_text(encoding="utf-8").splitlines()) == []
