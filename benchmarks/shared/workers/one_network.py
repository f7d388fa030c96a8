"""Builds one network with random weights and runs it; answers with its parameters, memory and time."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import torch
from torch import Tensor, nn

from benchmarks.shared.process import answer, forget_peak, peak_mib, resident_mib
from jamflow.model.config import base, mini
from jamflow.model.joint import JointModel, Visibility
from jamflow.model.streams import AudioDiT, AudioInput, MotionInput
from jamflow.speech.vocoder import Vocos, vocos_24khz, vocos_mini
from jamflow.text.durations import DurationConfig, DurationPredictor

SECONDS = 10
PHONEMES = 120  # about 10 s of speech
VOCAB = 80


@torch.inference_mode()
def main(size: str, name: str, rounds: int) -> None:
    torch.set_num_threads(1)
    before_mib = resident_mib()
    module, run = build(size, name)
    forget_peak()
    run()
    spent_s = []
    for _ in range(rounds):
        start_s = time.process_time()
        run()
        spent_s.append(time.process_time() - start_s)
    parameters = sum(p.numel() for p in module.parameters())
    answer(parameters=parameters, memory_mib=peak_mib() - before_mib, processor_s=median(spent_s))


def build(size: str, name: str) -> tuple[nn.Module, Callable[[], object]]:
    if name == "vocoder":
        vocoder = Vocos(vocos_mini() if size == "mini" else vocos_24khz()).eval()
        mel = torch.randn(1, round(SECONDS * 93.75), 100)
        return vocoder, lambda: vocoder(mel)
    if name == "durations":
        durations = DurationPredictor(DurationConfig(VOCAB)).eval()
        return durations, lambda: durations(torch.randint(0, VOCAB, (1, PHONEMES)))
    config = mini(VOCAB) if size == "mini" else base()
    # Motion alone asks the audio stream for its positions only.
    speech = AudioDiT(replace(config.audio, depth=0, text_layers=0, dim=64)) if name == "Motion-DiT" else None
    model = JointModel(config, speech, with_motion=name != "Audio-DiT").eval()
    tokens, frames = round(SECONDS * config.token_rate_hz), round(SECONDS * config.motion_fps)
    drop, when = torch.tensor([False, True]), torch.tensor([0.3])

    def noise(n: int, channels: int) -> Tensor:
        return torch.randn(1, n, channels).expand(2, -1, -1)

    audio = motion = text_btd = None
    module: nn.Module = model
    if name == "Motion-DiT":
        assert model.motion is not None
        module = model.motion
    else:
        x, context = noise(tokens, config.audio.channels), noise(tokens, config.audio.channels)
        text = torch.randint(0, VOCAB, (2, tokens // 5))
        audio = AudioInput(x, context, when, text, drop, drop)
        text_btd = model.audio.embed_text(audio)
        module = model.audio if name == "Audio-DiT" else model
    if name != "Audio-DiT":
        x, context = noise(frames, config.motion.mouth_channels), noise(frames, config.motion.mouth_channels)
        clue = noise(frames, config.motion.clue_channels)
        motion = MotionInput(x, context, torch.zeros(2, frames), clue, when, drop, drop)
    plan = model.plan(audio, motion, Visibility(~drop, ~drop))
    return module, lambda: model(audio, motion, None, text_btd, plan)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
