"""What each training row is shown, and what it must generate.

A row is of one kind:
  null      nothing is shown: no text, no given context, no clue, no other stream. Guidance extrapolates from such rows
  alone     the streams do not see each other; each is generated from its own conditions
  together  both streams are generated and see each other
  animate   speech is given entirely (frozen, as recorded), motion is generated
  dub       motion is given entirely (frozen, as tracked), speech is generated
Rows of the last four kinds have something given (a beginning, the surroundings of a span, or nothing) and lose text and clue at
random. Each row's text is either laid out in time or not.

A row of which less is known has the kinds that make sense, and as many null rows. Without a text: `animate` and `dub`, in which
no text is shown. Without lips: `alone`, and nothing is learnt about motion.

The paper (appendix C) drops "all conditioning inputs (text, audio, and motion) [...] following the standard CFM training
strategy" and gives no shares. F5-TTS drops text and context together with probability 0.2 (`cond_drop_prob`), and the context
alone with 0.3 (`audio_drop_prob`), for a whole batch at once. Here every row draws for itself.

Shapes: B rows, A audio tokens, T motion frames, C channels.
"""

from collections.abc import Callable
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
    """Shares, all in [0, 1].

    Of all rows:
        drop_all: null rows. F5-TTS has 0.2; the other rows add a few that lose everything by chance.
        drop_other: rows whose streams do not see each other. A call without motion (`tts`) is such a row.
    Of the remaining rows (their sum is 1): `together`, `animate`, `dub`. Rows without a text are shared by the last two.
    Of null rows:
        keep_beginning: hear the given speech all the same, as the null row of `Sampling.keep_beginning` does.
    Of rows of one kind:
        drop_text: no text, in rows that are alone or together, and in `dub`.
        drop_text_dub: no text in `dub`, on top: the lips have to tell something that the text does not.
        drop_text_animate: no text in `animate`. A recording usually comes without one.
    Of all but null rows:
        clue: the clue is shown.
    Of all rows:
        prompt: speech begins with a given stretch.
        infill: a span somewhere in it is generated, the rest is given. Nothing is given of what is left: 0.15, where F5-TTS's
            `audio_drop_prob` is 0.3.
        edit_s: length in seconds of such a span in half of these rows; the other half leaves out 0.3 to 0.8 of the row.
        hide_prompt_text, hide_infill_text: the text of what is given is not shown.
        recorded: what is given of speech sounds as a microphone records it. Of an infilled row, everything does.
        same_time: both streams have the same flow time.
    """

    drop_all: float = 0.15
    drop_other: float = 0.15
    together: float = 0.48
    animate: float = 0.27
    dub: float = 0.25
    keep_beginning: float = 0.3
    drop_text: float = 0.12
    drop_text_dub: float = 0.45
    drop_text_animate: float = 0.85
    clue: float = 0.5
    prompt: float = 0.55
    infill: float = 0.3
    edit_s: tuple[float, float] = (0.2, 4.0)
    hide_prompt_text: float = 0.5
    hide_infill_text: float = 0.15
    recorded: float = 0.25
    same_time: float = 0.7


KINDS = ("null", "alone", "together", "animate", "dub")


@dataclass
class Row:
    """Inputs and targets of a batch.

    audio_generated, motion_generated: (B, T) bool, what the losses count.
    audio_known: (B, C) bool, channels of an audio token that the recording has; the loss counts no others.
    kind_b: index in `KINDS`.
    phonemes_ba: the symbols that the phoneme head (`train.phoneme_head`) should hear; -1 where it is not asked.
    """

    audio: AudioInput
    motion: MotionInput
    visibility: Visibility
    audio_noise: Tensor
    audio_data: Tensor
    audio_generated: Tensor
    audio_known: Tensor
    motion_noise: Tensor
    motion_data: Tensor
    motion_generated: Tensor
    kind_b: Tensor
    phonemes_ba: Tensor

    def to(self, device: torch.device) -> "Row":
        return _changed(self, lambda x: x.to(device, non_blocking=True))

    def pin_memory(self) -> "Row":
        """What a DataLoader calls when it pins."""
        return _changed(self, Tensor.pin_memory)


def assign(
    batch: Batch, regimes: Regimes, config: JointConfig, normaliser: Normaliser, free_timing: float, generator: torch.Generator
) -> Row:
    """Draw a kind for every row and build the model's inputs, on the CPU.

    The loss counts everything that a row does not see: a null row has nothing to copy and generates all of both streams.
    `free_timing` is the share of rows without timing.
    """
    rows, tokens = batch.timed_ba.shape
    frames = batch.mouth_btc.shape[1]

    def chance(p: float) -> Tensor:
        return torch.rand(rows, generator=generator) < p

    kind = draw_kinds(regimes, torch.rand(rows, generator=generator), batch.text_b, batch.lips_b)
    null, _, together, animate, dub = (kind == i for i in range(len(KINDS)))
    deaf = null & ~chance(regimes.keep_beginning)  # null rows that do not hear the given speech either

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
    drop_text = torch.where(animate, chance(regimes.drop_text_animate), chance(regimes.drop_text))
    drop_text = drop_text | (dub & chance(regimes.drop_text_dub)) | null | ~batch.text_b

    mel, heard, given = (normaliser.mel(x) for x in (batch.mel_bac, batch.heard_bac, batch.given_bac))
    recorded = chance(regimes.recorded)
    shown = torch.where(recorded[:, None, None], given, mel)
    infilled = given_a.any(1) & ~prompted & ~animate
    mel = torch.where((recorded & infilled)[:, None, None], given, mel)  # one sound throughout
    seen = torch.where(of_voice[..., None], batch.plain_btc, batch.seen_btc)
    mouth, seen = normaliser.mouth(batch.mouth_btc), normaliser.mouth(seen)
    time = torch.rand(2, rows, generator=generator)
    time_a, time_m = time[0], torch.where(chance(regimes.same_time), time[0], time[1])
    time_a, time_m = time_a.masked_fill(animate, 1.0), time_m.masked_fill(dub, 1.0)
    noise_a = torch.randn(mel.shape, generator=generator)
    noise_m = torch.randn(mouth.shape, generator=generator)
    frozen_a, frozen_m = animate[:, None, None], dub[:, None, None]
    audio = AudioInput(
        x_btc=torch.where(frozen_a, heard, on_path(noise_a, mel, time_a)),
        context_btc=torch.where(frozen_a, heard, shown) * given_a[..., None],
        time_b=time_a,
        tokens_bn=text,
        drop_text_b=drop_text,
        drop_context_b=deaf,
    )
    motion = MotionInput(
        x_btc=torch.where(frozen_m, seen, on_path(noise_m, mouth, time_m)),
        context_btc=torch.where(frozen_m | chance(0.5)[:, None, None], seen, mouth) * given_m[..., None],
        given_bt=given_m,
        clue_btc=normaliser.clue(batch.clue_btc),
        time_b=time_m,
        drop_clue_b=~chance(regimes.clue) | null,
        drop_context_b=null,
    )
    visibility = Visibility(audio_sees_motion_b=together | dub, motion_sees_audio_b=together | animate)
    generated_m = (~given_m | null[:, None]) & batch.lips_b[:, None]
    return Row(
        audio=audio,
        motion=motion,
        visibility=visibility,
        audio_noise=noise_a,
        audio_data=mel,
        audio_generated=~given_a | deaf[:, None],
        audio_known=batch.known_bc,
        motion_noise=noise_m,
        motion_data=mouth,
        motion_generated=generated_m,
        kind_b=kind,
        phonemes_ba=batch.timed_ba.masked_fill(~(animate & drop_text & batch.text_b)[:, None], -1),
    )


def draw_kinds(regimes: Regimes, draw_b: Tensor, text_b: Tensor, lips_b: Tensor) -> Tensor:
    """(B,) index in `KINDS`. draw_b: (B,) in [0, 1); text_b, lips_b: (B,) bool, whether text and lips are known."""
    null, r = regimes.drop_all, regimes
    seeing, with_lips = 1 - null - r.drop_other, r.animate + r.dub
    all_known = [null, r.drop_other, seeing * r.together, seeing * r.animate]
    alone = [null, 1.0, 0.0, 0.0]  # all that are not null
    no_text = [null, 0.0, 0.0, (1 - null) * r.animate / with_lips] if with_lips else alone
    shares = torch.where(text_b[:, None], torch.tensor(all_known), torch.tensor(no_text))
    shares = torch.where(lips_b[:, None], shares, torch.tensor(alone))
    return (draw_b[:, None] >= shares.cumsum(1)).sum(1)


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


def _changed(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A dataclass of tensors, or of such dataclasses, with every tensor changed."""
    if isinstance(value, Tensor):
        return change(value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{f.name: _changed(getattr(value, f.name), change) for f in fields(value)})
    return value
