"""One predicate; every way of computing attention agrees with it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.attention.flex_attention import flex_attention

from jamflow.model import attention
from jamflow.model.attention import Stream, dense_attention, may_attend, own_frame, own_instant_attention
from jamflow.model.banded import band, banded_attention
from jamflow.model.flex import block_mask
from jamflow.model.view import Axis, View

AUDIO_HZ, FPS = 46.875, 25.0
CPU = torch.device("cpu")


def axis(n_audio: int, n_motion: int, window_s: float = 0.4) -> Axis:
    return Axis(n_audio, n_motion, AUDIO_HZ, FPS, window_s, CPU)


def heads(n: int, g: torch.Generator) -> Tensor:
    return torch.randn(2, 3, n, 8, generator=g)


def some_keys(n_audio: int, n_motion: int, pad: bool, hide: bool) -> Tensor | None:
    """Two rows; the second is shorter, and does not see the other stream's keys (as if all were motion's)."""
    if not (pad or hide):
        return None
    keep = torch.ones(2, n_audio + n_motion, dtype=torch.bool)
    if pad:
        keep[1, n_audio // 2 + 1 : n_audio] = False
        keep[1, n_audio + n_motion // 2 + 1 :] = False
    if hide:
        keep[1, n_audio:] = False
    return keep


@given(st.integers(1, 400), st.integers(1, 250), st.floats(0.05, 1.0))
@settings(max_examples=30, deadline=None)
def test_predicate(n_audio: int, n_motion: int, window_s: float) -> None:
    both = axis(n_audio, n_motion, window_s)
    a, m = View(Stream.AUDIO, both, None).dense(), View(Stream.MOTION, both, None).dense()
    audio_s, motion_s = both.audio_s(), both.motion_s()
    assert a[:, :n_audio].all(), "audio sees all audio"
    assert (a[:, n_audio:].sum(1) <= 1).all(), "audio sees at most the motion frame of its own instant"
    inside = audio_s < n_motion / FPS - 1e-3
    assert (a[inside, n_audio:].sum(1) == 1).all()
    gap = (motion_s[:, None] - torch.cat([audio_s, motion_s])[None]).abs()
    assert torch.equal(m, gap <= window_s + 1e-6), "motion sees both streams within its window"


def test_own_instant_is_the_frame_on_show() -> None:
    assert own_frame(torch.tensor([0.0, 0.039, 0.04, 0.0799, 0.08]), FPS).tolist() == [0, 0, 1, 1, 2]
    assert bool(may_attend(Stream.AUDIO, torch.tensor(0.05), Stream.MOTION, torch.tensor(0.04), 0.4, FPS))
    assert not bool(may_attend(Stream.AUDIO, torch.tensor(0.05), Stream.MOTION, torch.tensor(0.08), 0.4, FPS))


@given(st.integers(2, 90), st.integers(0, 2**31 - 1), st.booleans(), st.booleans(), st.booleans())
@settings(max_examples=25, deadline=None)
def test_audio_attention_agrees_with_the_dense_mask(n_audio: int, seed: int, hide: bool, pad: bool, long: bool) -> None:
    g = torch.Generator().manual_seed(seed)
    n_motion = -(-n_audio * 8 // 15)
    q, ka, va, km, vm = (heads(n, g) for n in (n_audio, n_audio, n_audio, n_motion, n_motion))
    view = View(Stream.AUDIO, axis(n_audio, n_motion), some_keys(n_audio, n_motion, pad, hide))
    k, v = torch.cat([ka, km], 2), torch.cat([va, vm], 2)
    rows = torch.ones(2, 1, n_audio, 1)
    if pad:
        rows[1, :, n_audio // 2 + 1 :] = 0  # what padded queries get is thrown away
    wanted = dense_attention(q, k, v, view.dense()) * rows
    gathered = view.gathered()
    with pytest.MonkeyPatch.context() as patch, torch.set_grad_enabled(not long):
        patch.setattr(attention, "HEAD_BY_HEAD_FROM", 1)
        got = own_instant_attention(q, ka, va, km, vm, gathered.own, gathered.see, gathered.keys)
    torch.testing.assert_close(got * rows, wanted, atol=1e-5, rtol=1e-4)


@given(
    st.integers(0, 90),
    st.integers(1, 70),
    st.floats(0.05, 1.0),
    st.integers(0, 2**31 - 1),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 8, 16, 100]),
)
@settings(max_examples=40, deadline=None)
def test_motion_attention_agrees_with_the_dense_mask(
    n_audio: int, n_motion: int, window_s: float, seed: int, hide: bool, pad: bool, block: int
) -> None:
    g = torch.Generator().manual_seed(seed)
    q, k, v = (heads(n, g) for n in (n_motion, n_audio + n_motion, n_audio + n_motion))
    keep = some_keys(n_audio, n_motion, pad, False)
    if hide:
        keep = torch.ones(2, n_audio + n_motion, dtype=torch.bool) if keep is None else keep
        keep[1, :n_audio] = False
    view = View(Stream.MOTION, axis(n_audio, n_motion, window_s), keep)
    wanted = dense_attention(q, k, v, view.dense())
    assert wanted.isfinite().all()
    torch.testing.assert_close(banded_attention(q, k, v, band(view, block)), wanted, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("stream", "pad", "hide"),
    [
        (Stream.AUDIO, False, False),
        (Stream.AUDIO, True, True),
        (Stream.MOTION, False, False),
        (Stream.MOTION, True, True),
    ],
)
@torch.inference_mode()
def test_flex_attention_agrees_with_the_dense_mask(stream: Stream, pad: bool, hide: bool) -> None:
    """More than one of its blocks of 128 each way. Not compiled here: `test_compiled` does that."""
    g = torch.Generator().manual_seed(2)
    n_audio, n_motion = 300, 160
    view = View(stream, axis(n_audio, n_motion), some_keys(n_audio, n_motion, pad, hide))
    q, k, v = (heads(n, g) for n in (view.queries, n_audio + n_motion, n_audio + n_motion))
    wanted = dense_attention(q, k, v, view.dense())
    torch.testing.assert_close(flex_attention(q, k, v, block_mask=block_mask(view)), wanted, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("masked", [False, True])
def test_head_by_head_is_the_fused_attention(masked: bool) -> None:
    g = torch.Generator().manual_seed(0)
    q, k, v = heads(250, g), heads(300, g), heads(300, g)
    mask = (torch.rand(2, 1, 1, 300, generator=g) > 0.3) if masked else None
    wanted = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    with torch.inference_mode():
        torch.testing.assert_close(dense_attention(q, k, v, mask), wanted, atol=1e-5, rtol=1e-4)


def test_the_gradient_of_a_band_is_that_of_the_dense_mask() -> None:
    """Queries that only fill up the last block must not spoil it."""
    g = torch.Generator().manual_seed(1)
    view = View(Stream.MOTION, axis(40, 21), None)
    q, k, v = (heads(n, g).requires_grad_() for n in (21, 61, 61))
    wanted = torch.autograd.grad(dense_attention(q, k, v, view.dense()).square().sum(), (q, k, v))
    got = torch.autograd.grad(banded_attention(q, k, v, band(view)).square().sum(), (q, k, v))
    for a, b in zip(got, wanted, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)
