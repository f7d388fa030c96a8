"""Motion in windows is the motion of one window over everything."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor

from jamflow import JamFlow
from jamflow.flow.schedule import time_grid
from jamflow.flow.solver import State, integrate
from jamflow.loading.model import LoadedModel, assemble
from jamflow.mel_format import MelFormat
from jamflow.model.config import AudioConfig, JointConfig, MotionConfig
from jamflow.model.joint import Frozen, JointModel
from jamflow.model.normalise import Normaliser
from jamflow.model.streams import AudioInput, MotionInput
from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.sampling.generate import Sampling, generate
from jamflow.sampling.windows import frame_noise, reach_frames
from jamflow.speech.level import to_model_level
from jamflow.speech.mel import LogMel

MEL = MelFormat()


def test_noise_belongs_to_the_frame() -> None:
    whole = frame_noise(5, 0, 300, 4)
    for first, frames in ((0, 300), (0, 1), (63, 2), (64, 64), (130, 170)):
        assert torch.equal(frame_noise(5, first, frames, 4), whole[first : first + frames])
    assert not torch.equal(frame_noise(6, 0, 300, 4), whole)
    assert len(torch.unique(whole)) == whole.numel() and abs(float(whole.std()) - 1) < 0.1


@pytest.fixture(scope="module")
def small() -> tuple[JointModel, Normaliser]:
    """Speech's keys are made in the first block alone, from what lies near: they do not depend on the window either."""
    torch.manual_seed(0)
    audio = AudioConfig(channels=12, dim=32, depth=2, heads=2, head_dim=16, text_vocab=9, text_dim=16, text_layers=1)
    config = JointConfig(audio=audio, motion=MotionConfig(mouth_channels=6, clue_channels=4, dim=16), frames_per_token=2)
    model = JointModel(config).eval().requires_grad_(False)
    for p in model.parameters():
        if p.abs().sum() == 0:
            torch.nn.init.normal_(p, std=0.1)
    return model, Normaliser(6, 6, 4)


@pytest.mark.parametrize(("steps", "method"), [(1, "euler"), (2, "euler"), (1, "midpoint")])
def test_a_window_gives_what_everything_gives(small: tuple[JointModel, Normaliser], steps: int, method) -> None:
    """Exactly, with the reach of every evaluation of the model on both sides."""
    model, normaliser = small
    sampling = Sampling(steps=steps, method=method)
    mel_fm = torch.randn(1200, 6, generator=torch.Generator().manual_seed(1))

    def motion(first: int, frames: int) -> Tensor:
        """Blocks of 8 frames are 30 mel frames."""
        mel = mel_fm[first * 30 // 8 :][: frames * 30 // 8]
        conditions = Conditions(len(mel) // 2, SpeechCondition("given", mel), MotionCondition("generated"))
        noise = frame_noise(3, first, frames, 6)
        mouth_tc = generate(model, normaliser, conditions, sampling, torch.Generator().manual_seed(0), noise).mouth_tc
        assert mouth_tc is not None
        return mouth_tc

    whole = motion(0, 320)
    evaluations = steps * (2 if method == "midpoint" else 1)
    reach = reach_frames(model.config) * evaluations
    assert reach_frames(model.config) == 2 * 10 + 14
    start, window = 112, motion(112, 208)
    difference = (window - whole[start:]).abs().amax(1)
    assert difference[reach:].max() < 1e-5
    assert difference[10:20].max() > 1e-5, "further away than one attention's window"


def window_of(parts: LoadedModel, speech: Frozen, noise: Tensor, shown: Tensor, steps: int) -> Tensor:
    """(T, M) in normalised units: motion of the frames `shown`, which see nothing of the others, with the same speech."""
    model, frames = parts.joint, noise.shape[1]
    two = (1, -1, -1)
    clue, given = torch.zeros(1, frames, model.config.motion.clue_channels), torch.zeros(1, frames, dtype=torch.bool)

    def velocity(time: Tensor, state: State) -> State:
        inputs = MotionInput(
            state[0].expand(*two),
            torch.zeros_like(state[0]),
            given,
            clue,
            time[None],
            torch.tensor([True]),
            torch.tensor([False]),
            shown[None],
        )
        moved = model(speech, inputs)[1]
        assert moved is not None
        return (moved,)

    return integrate(velocity, (noise,), time_grid(steps, -1.0))[0][0]


@torch.inference_mode()
def test_with_mini_one_reach_is_enough_for_all_steps() -> None:
    """One chunk of real speech, heard whole; its motion at once, and in windows with the margin that `animate` uses."""
    parts = assemble("mini", torch.device("cpu"))
    config, seconds = parts.joint.config, Fraction(96, 5)
    said = JamFlow(parts).tts("The quick brown fox jumps over the lazy dog. We may be back by May. " * 4, nfe=4).speech.waveform
    wave = to_model_level(np.resize(said, int(seconds * 24_000)))
    tokens = int(seconds * Fraction(config.token_rate_hz))
    mel = parts.normaliser.mel(LogMel(MEL)(torch.from_numpy(wave))[:-1].reshape(1, tokens, -1))
    one, false = torch.ones(1), torch.tensor([False])
    speech = parts.joint.freeze_audio(AudioInput(mel, mel, one, torch.full((1, 1), -1), false, false))
    frames = config.motion_frames(tokens)
    noise = frame_noise(0, 0, frames, config.motion.mouth_channels)[None]
    at = torch.arange(frames)
    reach = reach_frames(config)
    assert reach == 94
    back = parts.normaliser.mouth_back
    whole = back(window_of(parts, speech, noise, at >= 0, 16))
    for first, last in ((0, 160), (160, 320), (320, frames)):
        shown = (at >= first - reach) & (at < last + reach)
        part = back(window_of(parts, speech, noise, shown, 16))[first:last]
        assert (part - whole[first:last]).abs().max() < 1e-4
    near = back(window_of(parts, speech, noise, at >= 160 - 20, 16))[160:320]
    assert (near - whole[160:320]).abs().max() > 1e-3, "less margin would show"
