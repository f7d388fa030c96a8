"""Given speech: a recording of any length becomes utterances, cut where it is quiet, each with its surroundings.

The model hears an utterance with what comes before it (in the place of a voice) and after it, so that lips at a cut fit both
sides. All utterances but the last are equally long, surroundings included: oneDNN keeps 10 MiB of compiled code or more for every
length that it meets, and memory would grow with the recording.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch

from jamflow.errors import UserError
from jamflow.model.config import JointConfig
from jamflow.sampling.conditions import SpeechCondition
from jamflow.sampling.utterance import Utterance
from jamflow.sampling.windows import reach_frames
from jamflow.speech.mel import LogMel
from jamflow.speech.recording import Recording

LONGEST_S = 30.0  # of an utterance with its surroundings: the longest rows that F5-TTS was trained with


@dataclass(frozen=True)
class Chunk:
    """wave: (N,) samples. The first `before` are what came before, then come `kept` samples, then what follows."""

    wave: np.ndarray
    before: int
    kept: int
    last: bool


def utterances(recording: Recording, config: JointConfig) -> Iterator[Utterance]:
    """All of a recording, which was opened at the model's rate. Frame n of the result shows the recording's second n / fps.

    Raises:
        UserError: the model's motion sees further than the surroundings of an utterance last.
    """
    rate_hz = config.mel.sample_rate_hz
    block = config.block_tokens * config.frames_per_token * config.mel.hop
    longest = int(LONGEST_S * rate_hz / block)
    margin = _margin(config, block, longest)  # now, so that a model that cannot is refused before any work
    return _utterances(recording, config, block, margin, longest)


def _utterances(recording: Recording, config: JointConfig, block: int, margin: int, longest: int) -> Iterator[Utterance]:
    fps, rate_hz = config.exact_motion_fps, config.mel.sample_rate_hz
    token = config.frames_per_token * config.mel.hop
    log_mel, start = LogMel(config.mel), 0
    for chunk in chunks(recording.blocks(), block, margin, longest):
        tokens = -(-len(chunk.wave) // token)
        padded = np.pad(chunk.wave, (0, tokens * token - len(chunk.wave)))
        mel_fm = log_mel(torch.from_numpy(padded))[:-1]  # the last frame is centred on the end
        length_s = Fraction(chunk.kept, rate_hz)
        shown = int(math.ceil(length_s * fps) / fps * rate_hz)  # samples that its frames last
        wave = chunk.wave[chunk.before :][: chunk.kept]
        yield Utterance(
            tokens,
            chunk.before // token,
            SpeechCondition("given", mel_fm),
            None,
            [],
            length_s,
            chunk.last,
            recorded=np.pad(wave, (0, shown - len(wave))),
            first_frame=int((start - chunk.before) * fps / rate_hz),
        )
        start += chunk.kept


def _margin(config: JointConfig, block: int, longest: int) -> int:
    """Blocks of surroundings on either side: as far as the model looks, as long as a quarter of every chunk is kept.

    With less than its reach, the first and the last frames that are kept miss what attention hands on from block to block over
    that distance; what they see themselves is always there.
    """
    most = longest * 3 // 8
    most_s = most * block / config.mel.sample_rate_hz
    if config.window_s > most_s:
        raise UserError(
            f"This model's motion sees {config.window_s:g} s of speech to either side; a recording can show it {most_s:.1f} s.",
            "Use a model with a smaller window_s.",
        )
    samples = Fraction(reach_frames(config)) / config.exact_motion_fps * config.mel.sample_rate_hz
    return min(most, math.ceil(samples / block))


def chunks(waves: Iterable[np.ndarray], block: int, margin: int, longest: int) -> Iterator[Chunk]:
    """Cut sound as it comes, where it is quietest between whole blocks.

    Args:
        waves: (n,) samples in order.
        block: samples of a block. Every chunk but the last keeps a whole number of blocks.
        margin: the least number of blocks of surroundings on either side, unless the sound begins or ends there.
        longest: blocks of every chunk but the last, surroundings included.
    """
    most = longest - 2 * margin
    held, have, before = [np.zeros(0, np.float32)], 0, 0
    for wave in waves:
        held.append(wave)
        have += len(wave)
        if have <= longest * block:
            continue
        whole = np.concatenate(held)
        while have > longest * block:
            kept = _quietest(whole[before:], block, -(-most // 2), most) * block
            yield Chunk(whole[: longest * block], before, kept, False)
            drop = max(0, before + kept - margin * block)
            whole, before = whole[drop:], before + kept - drop
            have = len(whole)
        held = [whole]
    whole = np.concatenate(held)
    yield Chunk(whole, before, len(whole) - before, True)


def _quietest(wave: np.ndarray, block: int, least: int, most: int) -> int:
    """The number of blocks, from `least` to `most`, after which a cut is quietest; half a block on either side counts."""
    cuts = np.arange(least, most + 1) * block
    energy = [np.square(wave[cut - block // 2 : cut + block // 2], dtype=np.float64).sum() for cut in cuts]
    return least + int(np.argmin(energy))
