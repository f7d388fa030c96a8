"""Speaker adaptation: a few training steps on one recording, so that the model speaks more like it.

In-painting after a prompt can copy only voices like those of the training, and `mini` has heard seven people. UnitSpeech (arXiv
2306.16083) fine-tunes on a few seconds in the same way. The text of the recording is not needed.

Shapes: F mel frames, A audio tokens, B rows, C channels.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from jamflow.compute.bfloat16 import multiplies_bfloat16
from jamflow.flow.objective import flow_loss, on_path, random_span
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.model.streams import AudioInput
from jamflow.voices.low_rank import move

Lesson = Tensor | Mapping[str, Tensor]
"""(F, mel bands) of a recording, to learn from; or what was learnt before, as `low_rank.difference` gives it."""


@dataclass(frozen=True)
class Adaptation:
    """How a model is adapted. Values: docs/decisions.md."""

    steps: int = 40
    rows: int = 2
    row_s: float = 4.8  # as long as the prompts
    lr: float = 3e-4
    warmup: int = 5
    hidden: tuple[float, float] = (0.3, 0.8)  # share of a row that is generated; all of the last row in every other step


class Adapter:
    """Adapts a model to a voice; keeps the last copy, so that many texts in one voice cost one adaptation."""

    def __init__(self) -> None:
        self._last: tuple[JointModel, Lesson, JointModel] | None = None

    def __call__(self, model: JointModel, normaliser: Normaliser, lesson: Lesson | None) -> JointModel:
        """The model in a voice; no lesson leaves it as it is. Raises UserError where it was learnt by another model."""
        if lesson is None:
            return model
        last = self._last  # read once: another thread may replace it
        if last is None or last[0] is not model or not _same(last[1], lesson):
            if isinstance(lesson, Tensor):
                learnt = adapted(model, normaliser, lesson, Adaptation())
            else:
                learnt = _copy(model)
                move(learnt.audio, lesson)
            last = model, lesson, learnt
            self._last = last
        return last[2]


def _same(one: Lesson, other: Lesson) -> bool:
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        return isinstance(one, Tensor) and isinstance(other, Tensor) and torch.equal(one, other)
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def adapted(model: JointModel, normaliser: Normaliser, mel_fm: Tensor, how: Adaptation) -> JointModel:
    """A copy of the model whose speech stream has been trained on a recording; the motion stream is the same one.

    The same recording gives the same copy. The text embedding does not change, because no text is shown.

    Args:
        mel_fm: (F, mel bands) log mel at the model's level, a token long at least.
    """
    config = model.config
    per = config.frames_per_token
    with torch.inference_mode(False), torch.enable_grad():
        out = _copy(model)
        audio = out.audio
        kinds = [p.dtype for p in audio.parameters()]
        audio.float()
        learning = [p.requires_grad_() for name, p in audio.named_parameters() if not name.startswith("text_embed.")]
        mel_fm = mel_fm.to(audio.proj_out.weight.device).float()
        data_ac = normaliser.mel(mel_fm[: len(mel_fm) // per * per].reshape(-1, config.audio.channels))
        _train(out, learning, data_ac, round(how.row_s * config.token_rate_hz), how)
        for p, kind in zip(audio.parameters(), kinds, strict=True):
            p.requires_grad_(False)
            p.data = p.data.to(kind)
    return out


def _copy(model: JointModel) -> JointModel:
    """With a speech stream of its own; the motion stream is the same one."""
    return copy.deepcopy(model, {id(model.motion): model.motion})


def _train(model: JointModel, learning: list[Tensor], data_ac: Tensor, longest: int, how: Adaptation) -> None:
    optimizer = torch.optim.AdamW(learning, how.lr, betas=(0.9, 0.98), weight_decay=0.0)
    generator = torch.Generator().manual_seed(0)
    short = multiplies_bfloat16(data_ac.device)
    for step in range(how.steps):
        for group in optimizer.param_groups:
            group["lr"] = how.lr * min(1.0, (step + 1) / how.warmup) * (1 - step / how.steps)
        with torch.autocast(data_ac.device.type, torch.bfloat16, enabled=short):
            loss = _loss(model, data_ac, min(longest, len(data_ac)), how, step % 2 == 1, generator)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


def _loss(model: JointModel, data_ac: Tensor, tokens: int, how: Adaptation, alone: bool, generator: torch.Generator) -> Tensor:
    """alone: the last row has nothing given."""
    rows, device = how.rows, data_ac.device
    starts = torch.randint(len(data_ac) - tokens + 1, (rows,), generator=generator).tolist()
    data = torch.stack([data_ac[start : start + tokens] for start in starts])
    # Flow times spread evenly over the rows: the loss depends on them more than on anything else.
    time = ((torch.rand((), generator=generator) + torch.arange(rows) / rows) % 1).to(device)
    noise = torch.randn(data.shape, generator=generator).to(device)
    hidden = torch.zeros(rows, tokens, dtype=torch.bool, device=device)
    for row in hidden:
        start, end = random_span(tokens, *how.hidden, generator)
        row[start:end] = True
    if alone:
        hidden[-1] = True
    inputs = AudioInput(
        x_btc=on_path(noise, data, time),
        context_btc=data * ~hidden[..., None],
        time_b=time,
        tokens_bn=torch.full((rows, tokens), -1, device=device),
        drop_text_b=torch.ones(rows, dtype=torch.bool, device=device),
        drop_context_b=torch.zeros(rows, dtype=torch.bool, device=device),
    )
    velocity, _ = model(inputs, None)
    assert velocity is not None
    return flow_loss(velocity, noise, data, hidden)
