"""Conditions are obeyed: what is given comes back exactly, absent streams stay absent, seeds decide."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from jamflow.model.config import AudioConfig, JointConfig, MotionConfig
from jamflow.model.joint import JointModel, Visibility
from jamflow.model.normalise import Normaliser
from jamflow.model.streams import AudioInput, MotionInput
from jamflow.sampling.conditions import Conditions, MotionCondition, Role, SpeechCondition
from jamflow.sampling.generate import Sampling, Streams, _Call, generate

TOKENS, FRAMES, BANDS = 30, 16, 6


def small_model() -> tuple[JointModel, Normaliser]:
    torch.manual_seed(0)
    config = JointConfig(
        audio=AudioConfig(
            channels=2 * BANDS,
            dim=32,
            depth=2,
            heads=2,
            head_dim=16,
            text_vocab=9,
            text_dim=16,
            text_layers=1,
            attn_mask_enabled=True,
        ),
        motion=MotionConfig(mouth_channels=6, clue_channels=4, dim=16),
        frames_per_token=2,
    )
    model = JointModel(config).eval().requires_grad_(False)
    for p in model.parameters():
        if p.abs().sum() == 0:
            torch.nn.init.normal_(p, std=0.1)
    normaliser = Normaliser(BANDS, 6, 4)
    normaliser.mel_mean += 3.0
    normaliser.mel_std *= 2.0
    normaliser.mouth_mean += 0.5
    normaliser.mouth_std *= 0.5
    normaliser.clue_std *= 2.0
    return model, normaliser


MODEL, NORMALISER = small_model()
MEL, MOUTH = torch.randn(2 * TOKENS, BANDS) * 2 + 3, torch.randn(FRAMES, 6)
CLUE, TEXT = torch.randn(FRAMES, 4), torch.arange(TOKENS) % 9


def run(conditions: Conditions, seed: int = 0, **sampling: float) -> Streams:
    g = torch.Generator().manual_seed(seed)
    return generate(MODEL, NORMALISER, conditions, Sampling(steps=4, **sampling), g)


def both(given_a: torch.Tensor | None = None, given_t: torch.Tensor | None = None) -> Conditions:
    return Conditions(TOKENS, SpeechCondition("generated", MEL, given_a, TEXT), MotionCondition("generated", MOUTH, given_t))


@given(st.lists(st.booleans(), min_size=TOKENS, max_size=TOKENS), st.lists(st.booleans(), min_size=FRAMES, max_size=FRAMES))
@settings(max_examples=10, deadline=None)
def test_given_parts_come_back_exactly(a: list[bool], t: list[bool]) -> None:
    given_a, given_t = torch.tensor(a), torch.tensor(t)
    out = run(both(given_a, given_t))
    kept = given_a.repeat_interleave(2)
    assert torch.equal(out.mel_fm[kept], MEL[kept]) and torch.equal(out.mouth_tc[given_t], MOUTH[given_t])
    assert torch.isfinite(out.mel_fm).all() and torch.isfinite(out.mouth_tc).all()


def test_what_is_not_given_is_not_read() -> None:
    prefix = torch.arange(TOKENS) < 10
    conditions = both(prefix)
    other = MEL.clone()
    other[20:] = 99.0
    changed = Conditions(TOKENS, SpeechCondition("generated", other, prefix, TEXT), conditions.motion)
    assert torch.equal(run(conditions).mel_fm[20:], run(changed).mel_fm[20:])


@pytest.mark.parametrize("speech", ["absent", "given", "generated"])
@pytest.mark.parametrize("motion", ["absent", "given", "generated"])
def test_every_combination_of_roles(speech: str, motion: str) -> None:
    out = run(Conditions(TOKENS, SpeechCondition(speech, MEL, None, TEXT), MotionCondition(motion, MOUTH)))
    for role, part, source in ((speech, out.mel_fm, MEL), (motion, out.mouth_tc, MOUTH)):
        assert (part is None) == (role == "absent")
        if role == "given":
            assert torch.equal(part, source)
        if role == "generated":
            assert part.shape == source.shape and not torch.allclose(part, source)


def test_a_given_stream_matters_to_the_other() -> None:
    motion = MotionCondition("generated")
    one = run(Conditions(TOKENS, SpeechCondition("given", MEL), motion))
    two = run(Conditions(TOKENS, SpeechCondition("given", MEL.flip(0)), motion))
    assert not torch.allclose(one.mouth_tc, two.mouth_tc)


def test_seed_decides() -> None:
    assert torch.equal(run(both(), 1).mel_fm, run(both(), 1).mel_fm)
    assert not torch.equal(run(both(), 1).mel_fm, run(both(), 2).mel_fm)


def test_guidance_of_one_stream_leaves_a_lone_other_alone() -> None:
    speech = Conditions(TOKENS, SpeechCondition("generated", None, None, TEXT), MotionCondition("absent"))
    assert torch.equal(run(speech, motion_guidance=0.0).mel_fm, run(speech, motion_guidance=3.0).mel_fm)
    assert not torch.equal(run(speech, speech_guidance=0.0).mel_fm, run(speech, speech_guidance=3.0).mel_fm)


def test_the_temperature_of_a_stream_is_the_size_of_its_noise() -> None:
    """Also of noise that is given. Without any, the seed makes no difference. A stream's temperature is its own."""

    def noise(speech: float, motion: float, given: Tensor | None = None, seed: int = 1) -> tuple[Tensor, ...]:
        sampling = Sampling(speech_temperature=speech, motion_temperature=motion)
        with torch.inference_mode():
            return _Call(MODEL, NORMALISER, both(), sampling, torch.Generator().manual_seed(seed), motion_noise_tc=given).noise

    one, given = noise(1.0, 1.0), torch.ones(FRAMES, MOUTH.shape[1])
    for made, expected in zip(noise(0.5, 2.0), (0.5 * one[0], 2.0 * one[1]), strict=True):
        assert torch.equal(made, expected)
    assert torch.equal(noise(1.0, 0.25, given)[1][0], 0.25 * given)
    assert not torch.equal(run(both(), 1, speech_temperature=0.0).mel_fm, run(both(), 2, speech_temperature=0.0).mel_fm)
    cold = {"speech_temperature": 0.0, "motion_temperature": 0.0}
    assert torch.equal(run(both(), 1, **cold).mel_fm, run(both(), 2, **cold).mel_fm)


PREFIX, SEEN = torch.arange(TOKENS) < 10, torch.arange(FRAMES) < 5
YES, NO, AT = torch.tensor([True]), torch.tensor([False]), torch.tensor(0.4)
ROLES: list[tuple[Role, Role]] = [("generated", "generated"), ("given", "generated"), ("generated", "given")]


def velocity(strength: float, speech: Role, motion: Role, keep_beginning: bool = False) -> tuple[dict[str, Tensor], _Call]:
    """Of each generated stream at flow time 0.4. Strength 0 is the row with the conditions, -1 the null row."""
    spoken = SpeechCondition(speech, MEL, PREFIX, TEXT)
    conditions = Conditions(TOKENS, spoken, MotionCondition(motion, MOUTH, SEEN, CLUE))
    sampling = Sampling(speech_guidance=strength, motion_guidance=strength, keep_beginning=keep_beginning)
    with torch.inference_mode():
        call = _Call(MODEL, NORMALISER, conditions, sampling, torch.Generator().manual_seed(0))
        parts = call.velocity(AT, call.noise)
    names = [name for name, role in (("speech", speech), ("motion", motion)) if role == "generated"]
    return dict(zip(names, parts, strict=True)), call


@torch.inference_mode()
@pytest.mark.parametrize("keep_beginning", [False, True])
@pytest.mark.parametrize(("speech", "motion"), ROLES)
def test_the_null_row_is_the_model_without_conditions(speech: Role, motion: Role, keep_beginning: bool) -> None:
    """Without context, clue and the other stream, and whatever the text; `keep_beginning` gives speech its beginning back."""
    null, call = velocity(-1.0, speech, motion, keep_beginning)
    noise = dict(zip(null, call.noise, strict=True))
    if "speech" in null:
        x, context = noise["speech"], torch.zeros_like(noise["speech"])
        if keep_beginning:
            context[:, :10] = NORMALISER.mel(MEL.reshape(1, TOKENS, -1))[:, :10]
        other_text = (TEXT[None] + 1) % 9
        alone = AudioInput(x, context, AT[None], other_text, drop_text_b=YES, drop_context_b=NO)
        torch.testing.assert_close(null["speech"], MODEL(alone, None)[0], atol=1e-5, rtol=1e-4)
    if "motion" in null:
        x, none = noise["motion"], torch.zeros_like(noise["motion"])
        alone = MotionInput(x, none, none[..., 0], torch.ones(1, FRAMES, 4), AT[None], drop_clue_b=YES, drop_context_b=NO)
        torch.testing.assert_close(null["motion"], MODEL(None, alone)[1], atol=1e-5, rtol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize(("speech", "motion"), ROLES)
def test_the_other_row_is_the_model_with_all_conditions(speech: Role, motion: Role) -> None:
    full, call = velocity(0.0, speech, motion)
    noise = dict(zip(full, call.noise, strict=True))
    mel, mouth, clue = NORMALISER.mel(MEL.reshape(1, TOKENS, -1)), NORMALISER.mouth(MOUTH[None]), NORMALISER.clue(CLUE[None])
    heard, seen = PREFIX if speech == "generated" else PREFIX | True, SEEN if motion == "generated" else SEEN | True
    x = noise.get("speech", mel)
    time = AT[None] if speech == "generated" else torch.ones(1)
    audio = AudioInput(x, mel * heard[None, :, None], time, TEXT[None], NO, NO)
    x = noise.get("motion", mouth)
    time = AT[None] if motion == "generated" else torch.ones(1)
    lips = MotionInput(x, mouth * seen[None, :, None], seen[None], clue, time, NO, NO)
    # What is given does not look at what is generated.
    looks = Visibility(torch.tensor([speech == "generated"]), torch.tensor([motion == "generated"]))
    wanted = dict(zip(("speech", "motion"), MODEL(audio, lips, looks), strict=True))
    for name, part in full.items():
        torch.testing.assert_close(part, wanted[name], atol=1e-5, rtol=1e-4)


def test_guidance_goes_away_from_the_null_row() -> None:
    (full, _), (null, _), (guided, _) = (velocity(s, "generated", "generated") for s in (0.0, -1.0, 2.0))
    for name in full:
        assert not torch.allclose(full[name], null[name])
        torch.testing.assert_close(guided[name], full[name] + 2 * (full[name] - null[name]), atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_each_stream_has_its_own_strength() -> None:
    def velocities(speech: float, motion: float) -> tuple[Tensor, ...]:
        sampling = Sampling(speech_guidance=speech, motion_guidance=motion)
        call = _Call(MODEL, NORMALISER, both(), sampling, torch.Generator().manual_seed(0))
        return call.velocity(AT, call.noise)

    plain, guided = velocities(0.0, 0.0), velocities(2.0, 2.0)
    assert not torch.allclose(plain[0], guided[0]) and not torch.allclose(plain[1], guided[1])
    for mixed, wanted in ((velocities(2.0, 0.0), (guided[0], plain[1])), (velocities(0.0, 2.0), (plain[0], guided[1]))):
        assert all(map(torch.equal, mixed, wanted))


def test_a_call_without_a_clue_is_not_one_with_a_clue_of_zeros() -> None:
    def lips(clue: Tensor | None) -> Tensor:
        motion = MotionCondition("generated", MOUTH, SEEN, clue)
        made = run(Conditions(TOKENS, SpeechCondition("absent"), motion)).mouth_tc
        assert made is not None
        return made

    assert not torch.allclose(lips(None)[5:], lips(torch.zeros(FRAMES, 4))[5:])
