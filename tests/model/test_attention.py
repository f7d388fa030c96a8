"""One predicate; every way of computing attention agrees with it."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jamflow.model.attention import (
    Stream,
    attention_mask,
    dense_attention,
    may_attend,
    own_frame,
    own_instant_attention,
)


def times(n: int, rate: float) -> torch.Tensor:
    return torch.arange(n) / rate


@given(st.integers(1, 400), st.integers(1, 250), st.floats(0.05, 1.0))
@settings(max_examples=30, deadline=None)
def test_predicate(n_audio: int, n_motion: int, window_s: float) -> None:
    audio_s, motion_s = times(n_audio, 46.875), times(n_motion, 25.0)
    a = attention_mask(Stream.AUDIO, audio_s, audio_s, motion_s, window_s, 25.0)
    m = attention_mask(Stream.MOTION, motion_s, audio_s, motion_s, window_s, 25.0)
    assert a[:, :n_audio].all(), "audio sees all audio"
    assert (a[:, n_audio:].sum(1) <= 1).all(), "audio sees at most the motion frame of its own instant"
    inside = audio_s < n_motion / 25.0 - 1e-3
    assert (a[inside, n_audio:].sum(1) == 1).all()
    gap = (motion_s[:, None] - torch.cat([audio_s, motion_s])[None]).abs()
    assert torch.equal(m, gap <= window_s + 1e-6), "motion sees both streams within its window"


def test_own_instant_is_the_frame_on_show() -> None:
    assert own_frame(torch.tensor([0.0, 0.039, 0.04, 0.0799, 0.08]), 25.0).tolist() == [0, 0, 1, 1, 2]
    assert bool(may_attend(Stream.AUDIO, torch.tensor(0.05), Stream.MOTION, torch.tensor(0.04), 0.4, 25.0))
    assert not bool(may_attend(Stream.AUDIO, torch.tensor(0.05), Stream.MOTION, torch.tensor(0.08), 0.4, 25.0))


@given(st.integers(2, 90), st.integers(0, 2**31 - 1), st.booleans(), st.booleans())
@settings(max_examples=25, deadline=None)
def test_gathered_audio_attention_equals_dense(n_audio: int, seed: int, hide: bool, pad: bool) -> None:
    g = torch.Generator().manual_seed(seed)
    n_motion = -(-n_audio * 8 // 15)
    q, ka, va = (torch.randn(2, 3, n_audio, 8, generator=g) for _ in range(3))
    km, vm = (torch.randn(2, 3, n_motion, 8, generator=g) for _ in range(2))
    audio_s, motion_s = times(n_audio, 46.875), times(n_motion, 25.0)
    keys = torch.ones(2, n_audio, dtype=torch.bool)
    if pad:
        keys[1, n_audio // 2 + 1 :] = False
    see = torch.tensor([True, not hide])
    mask = attention_mask(Stream.AUDIO, audio_s, audio_s, motion_s, 0.4, 25.0)[None].repeat(2, 1, 1)
    mask[:, :, :n_audio] &= keys[:, None]
    mask[:, :, n_audio:] &= see[:, None, None]
    wanted = dense_attention(q, torch.cat([ka, km], 2), torch.cat([va, vm], 2), mask[:, None])
    own = own_frame(audio_s, 25.0).long()
    exists = (own < n_motion)[None] & see[:, None]
    got = own_instant_attention(q, ka, va, km, vm, own.clamp(max=n_motion - 1), exists, keys)
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-4)
