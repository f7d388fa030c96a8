"""What each training row is shown and what it must generate (design: one model, every task a condition).

A row falls into one regime:
  together  both streams are generated, after a given beginning or from nothing
  animate   speech is given entirely (frozen, as recorded), motion is generated
  dub       motion is given entirely (frozen, as tracked), speech is generated
  speech    motion is absent, speech is generated; the motion stream learns alone
Text, given beginnings and clues are dropped at random on top, and each row has its text either laid out in
time or not.

Shapes: B rows, A audio tokens, T motion frames, C channels.
"""

from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from torch import Tensor

from jamflow.data.batches import Batch
from jamflow.flow.objective import on_path, random_span
from jamflow.model.config import JointConfig
from jamflow.model.joint import Visibility
from jamflow.model.normalise import Normaliser
from jamflow.model.streams import AudioInput, MotionInput


@dataclass(frozen=True)
class Regimes:
    """Shares of rows; together, animate, dub and speech add up to 1."""

    together: float = 0.4
    animate: float = 0.22
    dub: float = 0.2
    speech: float = 0.18
    drop_text: float = 0.12
    drop_text_dub: float = 0.45  # where lips are given, they have to tell something that the text does not
    prompt: float = 0.55  # generated speech begins with a given stretch
    infill: float = 0.3  # or a span somewhere in it is generated
    edit_s: tuple[float, float] = (0.2, 4.0)  # length of such a span in half of these rows, which is what an edit needs
    hide_prompt_text: float = 0.5
    hide_infill_text: float = 0.15
    recorded: float = 0.25  # what is given of speech is as a microphone has it; of an infilled row, everything is
    same_time: float = 0.7  # both streams at the same flow time
    clue: float = 0.5


@dataclass
class Row:
    """Inputs and targets of a batch."""

    audio: AudioInput
    motion: MotionInput
    visibility: Visibility
    audio_noise: Tensor
    audio_data: Tensor
    audio_generated: Tensor
    motion_noise: Tensor
    motion_data: Tensor
    motion_generated: Tensor

    def to(self, device: torch.device) -> "Row":
        return _moved(self, device)


def assign(
    batch: Batch, regimes: Regimes, config: JointConfig, normaliser: Normaliser, free_timing: float, generator: torch.Generator
) -> Row:
    """Draw a regime for every row and build the model's inputs, on the CPU.

    `free_timing` is the share of rows without timing.
    """
    rows, tokens = batch.timed_ba.shape
    frames = batch.mouth_btc.shape[1]

    def chance(p: float) -> Tensor:
        return torch.rand(rows, generator=generator) < p

    edges = torch.tensor([regimes.together, regimes.animate, regimes.dub]).cumsum(0)
    kind = torch.bucketize(torch.rand(rows, generator=generator), edges, right=True)
    together, animate, dub = (kind == i for i in range(3))

    given_a = torch.zeros(rows, tokens, dtype=torch.bool)
    style = torch.rand(rows, generator=generator)
    for b in range(rows):
        if style[b] < regimes.prompt:
            given_a[b, : _prefix(tokens, generator)] = True
        elif style[b] < regimes.prompt + regimes.infill:
            start, end = random_span(tokens, *_span_shares(regimes, tokens / config.token_rate_hz, generator), generator)
            given_a[b] = True
            given_a[b, start:end] = False
    at = (torch.arange(frames) / config.motion_fps * config.token_rate_hz).long().clamp(max=tokens - 1)
    given_m = given_a[:, at] & chance(0.7)[:, None]
    prompted = style < regimes.prompt
    of_voice = given_a[:, at] & (prompted & chance(0.5))[:, None]  # lips of the model's own voice, which it continues
    given_a[animate], given_m[dub] = True, True

    timed = ~chance(free_timing)
    text = torch.where(timed[:, None], batch.timed_ba, batch.free_ba)
    text = torch.where(given_a & (chance(0.5) & timed)[:, None], batch.aligned_ba, text)
    hide_text = torch.where(prompted, chance(regimes.hide_prompt_text), chance(regimes.hide_infill_text))
    hide = given_a & (hide_text & timed)[:, None]
    text = text.masked_fill(hide, -1)
    drop_text = torch.where(animate, chance(0.85), chance(regimes.drop_text)) | (dub & chance(regimes.drop_text_dub))

    mel, heard = normaliser.mel(batch.mel_bac), normaliser.mel(batch.heard_bac)
    recorded = chance(regimes.recorded)
    shown = torch.where(recorded[:, None, None], heard, mel)
    infilled = given_a.any(1) & ~prompted & ~animate
    mel = torch.where((recorded & infilled)[:, None, None], heard, mel)  # one sound throughout
    seen = torch.where(of_voice[..., None], batch.plain_btc, batch.seen_btc)
    mouth, seen = normaliser.mouth(batch.mouth_btc), normaliser.mouth(seen)
    time = torch.rand(2, rows, generator=generator)
    time_a, time_m = time[0], torch.where(chance(regimes.same_time), time[0], time[1])
    time_a, time_m = time_a.masked_fill(animate, 1.0), time_m.masked_fill(dub, 1.0)
    noise_a = torch.randn(mel.shape, generator=generator)
    noise_m = torch.randn(mouth.shape, generator=generator)
    frozen_a, frozen_m = animate[:, None, None], dub[:, None, None]
    none = torch.zeros(rows, dtype=torch.bool)
    audio = AudioInput(
        x_btc=torch.where(frozen_a, heard, on_path(noise_a, mel, time_a)),
        context_btc=torch.where(frozen_a, heard, shown) * given_a[..., None],
        time_b=time_a,
        tokens_bn=text,
        drop_text_b=drop_text,
        drop_context_b=none,
    )
    motion = MotionInput(
        x_btc=torch.where(frozen_m, seen, on_path(noise_m, mouth, time_m)),
        context_btc=torch.where(frozen_m | chance(0.5)[:, None, None], seen, mouth) * given_m[..., None],
        given_bt=given_m,
        clue_btc=normaliser.clue(batch.clue_btc),
        time_b=time_m,
        drop_clue_b=~chance(regimes.clue),
        drop_context_b=none,
    )
    visibility = Visibility(audio_sees_motion_b=together | dub, motion_sees_audio_b=together | animate)
    return Row(audio, motion, visibility, noise_a, mel, ~given_a, noise_m, mouth, ~given_m)


def _prefix(tokens: int, generator: torch.Generator) -> int:
    """Length of a given beginning: an eighth to a half of the row."""
    return int((0.12 + 0.38 * float(torch.rand((), generator=generator))) * tokens)


def _span_shares(regimes: Regimes, row_s: float, generator: torch.Generator) -> tuple[float, float]:
    """Least and most share of a row that is generated in its middle."""
    pick, place = torch.rand(2, generator=generator).tolist()
    if pick < 0.5:
        return 0.3, 0.8
    least_s, most_s = regimes.edit_s
    share = min(0.8, least_s * (most_s / least_s) ** place / row_s)
    return share, share


def _moved(value: Any, device: torch.device) -> Any:
    """A dataclass of tensors, or of such dataclasses, on another device."""
    if isinstance(value, Tensor):
        return value.to(device)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{f.name: _moved(getattr(value, f.name), device) for f in fields(value)})
    return value
