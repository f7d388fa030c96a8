"""Whatever is given and whatever is missing: a call respects it exactly, or says why it cannot."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_generate import BANDS, FRAMES, MEL, MODEL, MOUTH, NORMALISER, TEXT, TOKENS

from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.sampling.generate import Sampling, Streams, generate

CLUE = torch.randn(FRAMES, 4, generator=torch.Generator().manual_seed(3))
ROLES = st.sampled_from(["absent", "given", "generated"])


def spans(length: int) -> st.SearchStrategy[torch.Tensor | None]:
    """Nothing, everything, or what lies outside one stretch."""
    cut = st.tuples(st.integers(0, length), st.integers(0, length)).map(sorted)
    outside = cut.map(lambda c: (torch.arange(length) < c[0]) | (torch.arange(length) >= c[1]))
    return st.none() | outside


def values(x: torch.Tensor) -> st.SearchStrategy[torch.Tensor | None]:
    """There, not there, ending too early, with a hole in it."""
    hole = x.clone()
    hole[len(x) // 2] = float("nan")
    return st.sampled_from([x, x, x, None, x[: len(x) // 3], hole])


speeches = st.builds(
    SpeechCondition, ROLES, values(MEL), spans(TOKENS), st.sampled_from([None, TEXT, TEXT[:7], torch.full((TOKENS,), -1)])
)
motions = st.builds(MotionCondition, ROLES, values(MOUTH), spans(FRAMES), st.sampled_from([None, CLUE, CLUE[:5]]))


def run(conditions: Conditions) -> Streams:
    return generate(MODEL, NORMALISER, conditions, Sampling(steps=2), torch.Generator().manual_seed(0))


@given(speeches, motions)
@settings(max_examples=150, deadline=None)
def test_a_call_respects_what_is_given_or_refuses_with_a_reason(speech: SpeechCondition, motion: MotionCondition) -> None:
    try:
        out = run(Conditions(TOKENS, speech, motion))
    except ValueError as refused:
        assert ("given" in str(refused) or "finite" in str(refused)) and "\n" not in str(refused)
        streams = ((speech.role, speech.mel_fm, speech.given_a, MEL), (motion.role, motion.mouth_tc, motion.given_t, MOUTH))
        assert any(lacking(*stream) for stream in streams)
        return
    for role, made, source, marked, per in (
        (speech.role, out.mel_fm, speech.mel_fm, speech.given_a, 2),
        (motion.role, out.mouth_tc, motion.mouth_tc, motion.given_t, 1),
    ):
        assert (made is None) == (role == "absent")
        if made is None:
            continue
        if role == "given":
            assert made is source
            continue
        assert torch.isfinite(made).all()
        if marked is not None and marked.any():
            at = marked.repeat_interleave(per).nonzero()[:, 0]  # what is given may end before the stream does
            assert torch.equal(made[at], source[at])


def lacking(role: str, x: torch.Tensor | None, marked: torch.Tensor | None, whole: torch.Tensor) -> bool:
    """Whether a stream that claims to be given in places has no value for one of them."""
    if role == "absent" or (role == "generated" and (marked is None or not marked.any())):
        return False
    return x is None or len(x) < len(whole) or not torch.isfinite(x).all()


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        (Conditions(0, SpeechCondition("generated"), MotionCondition("absent")), "at least one"),
        (Conditions(TOKENS, SpeechCondition("given", MEL[:, :3]), MotionCondition("generated")), f"{BANDS} columns"),
        (Conditions(TOKENS, SpeechCondition("given", MEL), MotionCondition("generated", None, None, CLUE[:, :2])), "4 columns"),
        (Conditions(TOKENS, SpeechCondition("generated", MEL, TEXT[:5] > 2), MotionCondition("absent")), "5 places"),
        (Conditions(TOKENS, SpeechCondition("generated"), MotionCondition("given")), "missing"),
        (Conditions(TOKENS, SpeechCondition("given", MEL), MotionCondition("generated", None, None, CLUE / 0)), "clue"),
    ],
)
def test_what_does_not_fit_the_model_is_refused(conditions: Conditions, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        run(conditions)
