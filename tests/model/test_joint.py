"""Properties of the joint model: who influences whom, frozen streams, batches, positions."""

from dataclasses import fields, replace

import pytest
import torch

from jamflow.model.config import AudioConfig, JointConfig, MotionConfig
from jamflow.model.joint import JointModel, Visibility
from jamflow.model.plan import AttentionKind
from jamflow.model.streams import AudioInput, MotionInput

NO = torch.tensor([False])


@pytest.fixture(scope="module")
def model() -> JointModel:
    torch.manual_seed(0)
    config = JointConfig(
        audio=AudioConfig(
            channels=12, dim=32, depth=4, heads=2, head_dim=16, text_vocab=9, text_dim=16, text_layers=1, attn_mask_enabled=True
        ),
        motion=MotionConfig(mouth_channels=6, clue_channels=4, dim=16),
        frames_per_token=2,
    )
    model = JointModel(config).eval().requires_grad_(False)
    for p in model.parameters():  # the zero-initialised gates would hide everything
        if p.abs().sum() == 0:
            torch.nn.init.normal_(p, std=0.3)
    return model


def audio_input(tokens: int, seed: int, time: float = 0.4) -> AudioInput:
    g = torch.Generator().manual_seed(seed)
    x, context = torch.randn(2, 1, tokens, 12, generator=g)
    text = torch.randint(0, 9, (1, tokens), generator=g)
    return AudioInput(x, context, torch.tensor([time]), text, NO, NO)


def motion_input(frames: int, seed: int, time: float = 0.4) -> MotionInput:
    g = torch.Generator().manual_seed(seed)
    x, context = torch.randn(2, 1, frames, 6, generator=g)
    clue = torch.randn(1, frames, 4, generator=g)
    return MotionInput(x, context, torch.zeros(1, frames), clue, torch.tensor([time]), NO, NO)


def test_half_of_the_blocks_are_joint(model: JointModel) -> None:
    assert model.config.joint_depth == 2


def test_streams_see_each_other_only_when_allowed(model: JointModel) -> None:
    a, m, other = audio_input(45, 1), motion_input(24, 2), motion_input(24, 3)
    both, _ = model(a, m)
    changed, _ = model(a, other)
    assert not torch.allclose(both, changed)
    blind = Visibility(audio_sees_motion_b=NO, motion_sees_audio_b=NO)
    alone, _ = model(a, None)
    unseen, motion = model(a, m, blind)
    torch.testing.assert_close(alone, unseen, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(motion, model(None, m)[1], atol=1e-5, rtol=1e-4)


def test_frozen_speech_equals_speech_that_looks_nowhere(model: JointModel) -> None:
    a, m = audio_input(45, 1, time=1.0), motion_input(24, 2)
    visibility = Visibility(audio_sees_motion_b=NO, motion_sees_audio_b=~NO)
    _, wanted = model(a, m, visibility)
    audio, got = model(model.freeze_audio(a), m, visibility)
    assert audio is None
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-4)


def test_frozen_motion_equals_motion_that_looks_nowhere(model: JointModel) -> None:
    a, m = audio_input(45, 1), motion_input(24, 2, time=1.0)
    visibility = Visibility(audio_sees_motion_b=~NO, motion_sees_audio_b=NO)
    wanted, _ = model(a, m, visibility)
    got, motion = model(a, model.freeze_motion(m), visibility)
    assert motion is None
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-4)


def test_motion_is_local(model: JointModel) -> None:
    """A change of speech does not reach motion frames beyond the window of the joint blocks."""
    a, m = audio_input(150, 1), motion_input(80, 2)
    frozen = model.freeze_audio(a)
    _, before = model(frozen, m)
    for k, v in frozen.keys:
        k[:, :, 0], v[:, :, 0] = 5.0, -5.0  # the token at 0 s
    _, after = model(frozen, m)
    moved = (before - after).abs().amax(-1)[0] > 1e-6
    reach_s = model.config.window_s * model.config.audio.depth + 0.2
    assert moved[:5].all() and not moved[int(reach_s * 25) + 1 :].any()


def test_a_row_does_not_depend_on_its_neighbours_or_its_padding(model: JointModel) -> None:
    """The text's GRN norms over all frames, padding included, as F5-TTS's does; so this holds without text."""
    a, m = audio_input(30, 1), motion_input(16, 2)
    a.tokens_bn = torch.full((1, 30), -1)
    alone = model(a, m)

    def pad(x: torch.Tensor, n: int, value: float = 0.7) -> torch.Tensor:
        return torch.cat([x, torch.full((1, n, *x.shape[2:]), value, dtype=x.dtype)], 1)

    long_a, long_m = audio_input(45, 5), motion_input(24, 6)
    long_a.tokens_bn = torch.full((1, 45), -1)
    two = torch.tensor([False, False])
    batch_a = AudioInput(
        torch.cat([pad(a.x_btc, 15), long_a.x_btc]),
        torch.cat([pad(a.context_btc, 15), long_a.context_btc]),
        torch.tensor([0.4, 0.4]),
        torch.full((2, 45), -1),
        two,
        two,
        torch.arange(45)[None] < torch.tensor([[30], [45]]),
    )
    batch_m = MotionInput(
        torch.cat([pad(m.x_btc, 8), long_m.x_btc]),
        torch.cat([pad(m.context_btc, 8), long_m.context_btc]),
        torch.zeros(2, 24),
        torch.cat([pad(m.clue_btc, 8), long_m.clue_btc]),
        torch.tensor([0.4, 0.4]),
        two,
        two,
        torch.arange(24)[None] < torch.tensor([[16], [24]]),
    )
    audio, motion = model(batch_a, batch_m)
    torch.testing.assert_close(audio[:1, :30], alone[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(motion[:1, :16], alone[1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("tokens", "frames"), [(45, 24), (45, 60), (120, 24)])
def test_what_begins_at_the_same_second_has_the_same_position(model: JointModel, tokens: int, frames: int) -> None:
    """Token 15 and frame 8 both begin at 0.32 s, whichever stream is longer."""
    plan = model.plan(audio_input(tokens, 1), motion_input(frames, 2), None)
    for audio, motion in zip(plan.audio_rotary, plan.motion_rotary, strict=True):
        both = min(len(audio[::15]), len(motion[::8]))
        torch.testing.assert_close(motion[::8][:both], audio[::15][:both])
        assert not torch.allclose(audio[0], audio[15]) and both >= 3


def test_positions_are_the_papers_for_equal_spans(model: JointModel) -> None:
    """p / L * L_ref with L_ref the longer stream (section 4.4), when both streams last equally long."""
    tokens, frames = 15 * 9, 8 * 9
    plan = model.plan(audio_input(tokens, 1), motion_input(frames, 2), None)
    for length, ours in ((tokens, plan.audio_rotary), (frames, plan.motion_rotary)):
        scaled = torch.arange(length) / length * max(tokens, frames)
        torch.testing.assert_close(model.audio.rotary_embed(scaled), ours)


@pytest.mark.parametrize("rotating_heads", [None, 1])
def test_how_much_one_stream_attends_to_the_other_depends_on_the_time_between_alone(
    model: JointModel, rotating_heads: int | None
) -> None:
    """All tokens of a stream have the same state here, so that only their times tell them apart. F5TTS_Base rotates one head."""
    audio = replace(model.config.audio, pe_attn_head=rotating_heads)
    torch.manual_seed(1)
    model = JointModel(replace(model.config, audio=audio)).eval().requires_grad_(False)
    assert model.motion is not None
    plan = model.plan(audio_input(150, 1), motion_input(80, 2), None)
    wide, narrow, time = torch.randn(1, 1, 32), torch.randn(1, 1, 16), torch.tensor([0.4])
    a = model.audio.block(0).project(wide.expand(1, 150, 32), model.audio.time_embed(time), plan.audio_rotary)
    m = model.motion.block(0).project(narrow.expand(1, 80, 16), model.motion.time_embed(time), plan.motion_rotary)
    for score in (a.q @ m.k.transpose(2, 3), (m.q @ a.k.transpose(2, 3)).transpose(2, 3)):
        torch.testing.assert_close(score[:, :, 15:, 8:], score[:, :, :-15, :-8], atol=1e-4, rtol=1e-4)
        assert score[0, 0].std() > 1e-2, "head 0 rotates"
        assert (score[0, 1].std() > 1e-2) == (rotating_heads is None)


@pytest.mark.parametrize("blind", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_every_kind_of_attention_gives_the_same(model: JointModel, blind: bool, padded: bool) -> None:
    a, m = audio_input(150, 1), motion_input(80, 2)
    rows = torch.tensor([True, not blind])
    a, m = (
        replace(x, **{f.name: v.expand(2, *v.shape[1:]) for f in fields(x) if (v := getattr(x, f.name)) is not None})
        for x in (a, m)
    )
    inside_a, inside_m = torch.ones(1, 150, dtype=torch.bool), torch.ones(1, 80, dtype=torch.bool)
    if padded:
        inside_a, inside_m = torch.arange(150)[None] < 140, torch.arange(80)[None] < 75
        a, m = replace(a, valid_bt=inside_a), replace(m, valid_bt=inside_m)
    sees = Visibility(rows, rows)

    def velocities(kind: AttentionKind) -> tuple[torch.Tensor, torch.Tensor]:
        audio, motion = model(a, m, sees, None, model.plan(a, m, sees, hide_padding=True, kind=kind))
        return audio * inside_a[..., None], motion * inside_m[..., None]

    wanted = velocities("dense")
    for kind in ("gathered", "banded"):  # FlexAttention has to be compiled: `test_compiled`
        torch.testing.assert_close(velocities(kind), wanted, atol=1e-5, rtol=1e-4)
    assert blind != torch.allclose(*wanted[0], atol=1e-4)
