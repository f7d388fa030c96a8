"""Speaker adaptation: a copy learns one recording; the model, its reading and its lips stay as they were."""

from pathlib import Path

import numpy as np
import pytest
import soxr
import torch
from torch import Tensor

from jamflow import JamFlow
from jamflow.flow.objective import flow_loss, on_path
from jamflow.loading.model import LoadedModel, assemble
from jamflow.mel_format import MelFormat
from jamflow.model.joint import JointModel
from jamflow.model.streams import AudioInput
from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.sampling.generate import Sampling, generate
from jamflow.speech.mel import LogMel
from jamflow.speech.waveform import write_wave
from jamflow.voices.adaptation import Adaptation, Adapter, adapted
from jamflow.voices.phonemes.prompt import adaptation_mel

MEL = MelFormat()

FEW = Adaptation(steps=6, row_s=2.0)
CLEAR_ENOUGH = [(0.5, -60, False), (1.2, -60, True), (40, -60, True), (4, -20, True), (4, -6, False)]


@pytest.fixture(scope="module")
def parts() -> LoadedModel:
    return assemble("mini", torch.device("cpu"))


@pytest.fixture(scope="module")
def strange(parts: LoadedModel) -> np.ndarray:
    """Speech of a smaller head than any of the training."""
    speech = JamFlow(parts).tts("The harbour was quiet before the storm, and nobody had seen the old ship leave.", nfe=6).speech
    return soxr.resample(speech.waveform, 4, 3)


def mel_of(wave: np.ndarray) -> Tensor:
    mel = adaptation_mel(wave, LogMel(MEL))
    assert mel is not None
    return mel


def loss(model: JointModel, parts: LoadedModel, mel_fm: Tensor) -> float:
    """Of the second half of a recording after the first half, over all flow times."""
    channels, rows = model.config.audio.channels, 8
    data = parts.normaliser.mel(mel_fm[: len(mel_fm) // 2 * 2].reshape(1, -1, channels)).expand(rows, -1, -1)
    tokens = data.shape[1]
    hidden = (torch.arange(tokens) >= tokens // 2).expand(rows, -1)
    noise = torch.randn(data.shape, generator=torch.Generator().manual_seed(5))
    time = (torch.arange(rows) + 0.5) / rows
    none = torch.zeros(rows, dtype=torch.bool)
    text = torch.full((rows, tokens), -1)
    inputs = AudioInput(on_path(noise, data, time), data * ~hidden[..., None], time, text, ~none, none)
    with torch.inference_mode():
        velocity, _ = model(inputs, None)
    assert velocity is not None
    return float(flow_loss(velocity, noise, data, hidden))


def test_what_was_not_heard_of_the_voice_is_foretold_better(parts: LoadedModel, strange: np.ndarray) -> None:
    half = len(strange) // 2
    heard, unheard = mel_of(strange[:half]), mel_of(strange[half:])
    learnt = adapted(parts.joint, parts.normaliser, heard, Adaptation())
    assert loss(learnt, parts, unheard) < 0.97 * loss(parts.joint, parts, unheard)


def test_only_the_copys_speech_stream_changes(parts: LoadedModel, strange: np.ndarray) -> None:
    before = {name: p.clone() for name, p in parts.joint.named_parameters()}
    with torch.inference_mode():  # as within a call
        learnt = adapted(parts.joint, parts.normaliser, mel_of(strange), FEW)
    assert learnt.motion is parts.joint.motion
    for name, p in parts.joint.named_parameters():
        assert torch.equal(p, before[name]) and not p.requires_grad and p.grad is None, name
    changed = {name for name, p in learnt.named_parameters() if not torch.equal(p, before[name])}
    assert not any(name.startswith(("audio.text_embed.", "motion.")) for name in changed)
    assert all(f"audio.transformer_blocks.{i}.attn.to_q.weight" in changed for i in range(parts.joint.config.audio.depth))
    assert not any(p.requires_grad for p in learnt.parameters())


def test_a_recording_gives_one_model_and_another_gives_another(parts: LoadedModel, strange: np.ndarray) -> None:
    one, again, other = (
        adapted(parts.joint, parts.normaliser, mel_of(wave), FEW).audio.proj_out.weight
        for wave in (strange, strange, strange[: len(strange) // 2])
    )
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_the_last_voice_is_kept(parts: LoadedModel, strange: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jamflow.voices.adaptation.Adaptation", lambda: FEW)
    adapter, mel = Adapter(), mel_of(strange)
    assert parts.in_voice(adapter, None).joint is parts.joint
    first = parts.in_voice(adapter, mel)
    assert parts.in_voice(adapter, mel.clone()).joint is first.joint is not parts.joint
    assert parts.in_voice(adapter, mel[:200]).joint is not first.joint


def test_a_model_in_bfloat16_stays_one(parts: LoadedModel, strange: np.ndarray) -> None:
    model = assemble("mini", torch.device("cpu"), "bfloat16").joint
    learnt = adapted(model, parts.normaliser, mel_of(strange), FEW)
    kinds = [{name: p.dtype for name, p in m.named_parameters()} for m in (model, learnt)]
    assert kinds[0] == kinds[1] and torch.bfloat16 in kinds[1].values()
    assert not torch.equal(learnt.audio.block(0).attn.to_q.weight, model.audio.block(0).attn.to_q.weight)
    conditions = Conditions(45, SpeechCondition("generated"), MotionCondition("generated"))
    streams = generate(learnt, parts.normaliser, conditions, Sampling(steps=1), torch.Generator().manual_seed(0))
    assert streams.mel_fm is not None and streams.mel_fm.isfinite().all()


@pytest.mark.parametrize(("seconds", "noise_db", "learnt"), CLEAR_ENOUGH)
def test_a_lesson_is_long_and_clear_enough_and_not_too_long(seconds: float, noise_db: float, learnt: bool) -> None:
    rng, n = np.random.default_rng(0), int(seconds * MEL.sample_rate_hz)
    syllables = np.sin(2 * np.pi * 4 * np.arange(n) / MEL.sample_rate_hz).clip(0)
    wave = rng.normal(0, 0.1, n) * syllables + rng.normal(0, 0.1 * 10 ** (noise_db / 20), n)
    mel = adaptation_mel(wave.astype(np.float32), LogMel(MEL))
    assert (mel is not None) == learnt
    assert mel is None or len(mel) <= 12 * MEL.sample_rate_hz / 256 + 1


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_a_voice_that_cannot_be_learnt_is_spoken_in_with_a_warning(
    parts: LoadedModel, strange: np.ndarray, noise: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave = strange + noise * np.random.default_rng(0).standard_normal(len(strange)).astype(np.float32) * np.abs(strange).max()
    write_wave(tmp_path / "voice.wav", wave.clip(-1, 1).astype(np.float32), 24_000)
    monkeypatch.setattr("jamflow.voices.adaptation.Adaptation", lambda: FEW)
    result = JamFlow(parts).tts("Hello.", voice=tmp_path / "voice.wav", nfe=2)
    assert any("too noisy to learn" in warning for warning in result.warnings) == bool(noise)
    assert np.abs(result.speech.waveform).max() > 0.01
