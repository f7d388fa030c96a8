"""Text, chunks and durations are the official code's, to the last token."""

import json
from typing import Any

import pytest

from golden import reference_file
from jamflow.errors import UserError
from jamflow.text.f5_text import Vocabulary, chunk_bytes, chunks, joined, mel_frames, prepared_reference, tokenize
from jamflow.weights.shipped import asset


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    return json.loads(reference_file("f5tts", "text.json").read_text())


@pytest.fixture(scope="module")
def vocabulary(golden: dict[str, Any]) -> Vocabulary:
    return Vocabulary(asset("base/vocab.txt"))


def test_tokens(golden: dict[str, Any], vocabulary: Vocabulary) -> None:
    for case in golden["pinyin"]:
        assert tokenize(case["text"]) == case["tokens"]
        assert vocabulary.indices(case["tokens"]) == case["indices"]


def test_vocabulary(golden: dict[str, Any], vocabulary: Vocabulary) -> None:
    assert len(vocabulary) == golden["vocab"]["entries"]
    assert {t: vocabulary.indices([t])[0] for t in golden["vocab"]["index_of"]} == golden["vocab"]["index_of"]
    assert vocabulary.indices(golden["vocab"]["absent"]) == [0] * len(golden["vocab"]["absent"])


def test_a_vocabulary_with_windows_line_ends_is_the_same(tmp_path, golden: dict[str, Any], vocabulary: Vocabulary) -> None:
    windows = tmp_path / "vocab.txt"
    windows.write_bytes(asset("base/vocab.txt").read_bytes().replace(b"\n", b"\r\n"))
    other = Vocabulary(windows)
    assert len(other) == len(vocabulary) and other.indices(["ni3", "\u200e"]) == vocabulary.indices(["ni3", "\u200e"])


def test_another_file_is_no_vocabulary(tmp_path) -> None:
    (tmp_path / "a.txt").write_text("a\nb\n")
    with pytest.raises(UserError, match="not F5-TTS's vocabulary"):
        Vocabulary(tmp_path / "a.txt")


def test_chunks(golden: dict[str, Any]) -> None:
    for case in golden["chunk_text"]:
        assert chunks(case["text"], case["max_chars"]) == case["chunks"]


def test_reference_text(golden: dict[str, Any]) -> None:
    for case in golden["ref_text"]:
        assert prepared_reference(case["ref_text"]) == case["prepared"]


def test_durations(golden: dict[str, Any]) -> None:
    for case in golden["duration"]:
        if case["fix_duration"] is None:
            frames = mel_frames(case["ref_samples"] // 256, case["ref_text"], case["gen_text"], case["speed"])
            assert frames == case["duration"]
        if case["tokens"] is not None:
            assert "".join(tokenize(joined(case["ref_text"], case["gen_text"]))) == case["tokens"]


def test_chunk_sizes(golden: dict[str, Any]) -> None:
    text = golden["chunk_text"][0]["text"]
    for case in golden["max_chars"]:
        size = chunk_bytes(case["ref_text"], case["ref_samples"] / case["rate"], case["speed"])
        assert size == case["max_chars"] and chunks(text, size) == case["chunks_of_text0"]
