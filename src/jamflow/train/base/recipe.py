"""A recipe: everything that decides what a training of `base` learns, in one TOML file.

A run is made of stages, one after the other; each begins with the averaged weights of the one before.
"""

import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from jamflow.errors import UserError
from jamflow.model.config import AudioConfig, JointLayers, MaskRule

Parallel = Literal["ddp", "fsdp"]
Tracker = Literal["tensorboard", "wandb"]
_STRICT = {"extra": "forbid"}


@dataclass(frozen=True)
class Data:
    """Which clips are learnt from, and how many at once.

    shards: folders of `jamflow prepare --motion liveportrait`.
    held_out: names of voices that nothing is learnt from; samples show them.
    batch_s: seconds of sound in a batch of one process, padding included.
    shortest_s, longest_s: clips outside are left out and counted.
    shards_at_once: clips are shuffled within so many shards, which are shuffled too. More mixes better and reads less in order.
    """

    shards: tuple[Path, ...]
    held_out: tuple[str, ...] = ()
    batch_s: float = 200.0
    shortest_s: float = 1.0
    longest_s: float = 30.0
    shards_at_once: int = 32

    __pydantic_config__ = _STRICT

    def __post_init__(self) -> None:
        if not self.shards:
            raise ValueError("shards is empty")
        if not 0 < self.shortest_s < self.longest_s <= self.batch_s:
            raise ValueError("it must be 0 < shortest_s < longest_s <= batch_s")
        if self.shards_at_once < 1:
            raise ValueError("shards_at_once must be at least 1")


@dataclass(frozen=True)
class Model:
    """What is trained. The switches of the paper's Table 4 are `joint` and `mask`, and `freeze_audio` of a stage.

    start: a folder with joint.safetensors: of `jamflow init`, or of another run. None makes a new model of the size `audio`, with
        random weights, and `motion_dim`: for tests and small experiments.
    joint, window_s, mask, aligned: see `JointConfig`. None keeps what `start` has.
    """

    start: Path | None = None
    audio: AudioConfig | None = None
    motion_dim: int | None = None
    joint: JointLayers | None = None
    window_s: float | None = None
    mask: MaskRule | None = None
    aligned: bool | None = None

    __pydantic_config__ = _STRICT

    def __post_init__(self) -> None:
        if (self.start is None) == (self.audio is None):
            raise ValueError("give either start or audio")
        if self.start is not None and self.motion_dim is not None:
            raise ValueError("motion_dim is given by start")


@dataclass(frozen=True)
class Rows:
    """What a row is shown, as shares in [0, 1]. The paper gives none; those of the speech stream are F5-TTS's.

    drop_all: null rows: nothing is shown (F5-TTS's `cond_drop_prob`).
    drop_other: of all rows, those whose streams do not see each other.
    together, animate, dub: of the remaining rows: both streams are generated; speech is given entirely; motion is given entirely.
        Their sum is 1.
    drop_context: rows in which nothing is given of a generated stream (F5-TTS's `audio_drop_prob`), each stream for itself.
    drop_text: of rows with speech to generate; drop_text_animate: of the rows `animate`; drop_text_dub: of the rows `dub`.
    drop_clue: the clue is hidden.
    span: least and most share of a row that is generated in its middle, where some of it is given (F5-TTS: 0.7 to 1).
    same_time: both streams have the same flow time. 1 is shared, 0 is separate.
    """

    drop_all: float = 0.2
    drop_other: float = 0.1
    together: float = 0.5
    animate: float = 0.3
    dub: float = 0.2
    drop_context: float = 0.3
    drop_text: float = 0.1
    drop_text_animate: float = 0.5
    drop_text_dub: float = 0.3
    drop_clue: float = 0.2
    span: tuple[float, float] = (0.7, 1.0)
    same_time: float = 0.5

    __pydantic_config__ = _STRICT

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name != "span" and not 0 <= value <= 1:
                raise ValueError(f"{name} is {value:g}, but it is a share")
        if not math.isclose(self.together + self.animate + self.dub, 1):
            raise ValueError("together, animate and dub must add up to 1")
        if self.drop_all + self.drop_other > 1:
            raise ValueError("drop_all and drop_other are more than all rows")
        if not 0 < self.span[0] <= self.span[1] <= 1:
            raise ValueError("span must be two shares, the smaller one first")


@dataclass(frozen=True)
class Stage:
    """One training.

    freeze_audio: the speech stream does not learn (the paper's stage 1). Its loss still teaches the motion stream.
    batches: in one step, of all processes together: results do not depend on how many processes there are.
    lr, warmup, decay_from: the rate grows over the first steps, and falls to zero from that share of the steps on.
    motion_weight: the loss is speech + motion_weight * motion.
    clip: largest norm of the gradient.
    """

    name: str
    steps: int
    lr: float
    batches: int
    freeze_audio: bool = False
    rows: Rows = field(default_factory=Rows)
    warmup: int = 1000
    decay_from: float = 0.5
    weight_decay: float = 0.01
    clip: float = 1.0
    ema_decay: float = 0.9999
    motion_weight: float = 1.0
    save_every: int = 1000
    sample_every: int = 5000

    __pydantic_config__ = _STRICT

    def __post_init__(self) -> None:
        for name in ("steps", "lr", "batches", "warmup", "clip", "save_every", "sample_every"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be more than 0")
        if not 0 <= self.decay_from <= 1:
            raise ValueError("decay_from is a share of the steps")
        if not self.name.replace("-", "").replace("_", "").isalnum():
            raise ValueError("name becomes a folder: letters, digits, - and _")


@dataclass(frozen=True)
class Machine:
    """How it is computed. Nothing of this changes what is learnt, but for rounding.

    parallel: the model copied to all processes (DDP), or cut up among them (FSDP2).
    checkpointing: activations are computed again in the backward pass.
    bf16: products in bfloat16; weights, averages and the optimiser stay in float32.
    workers: processes that read clips, for each training process.
    track: where numbers go besides `progress.jsonl`.
    """

    parallel: Parallel = "ddp"
    checkpointing: bool = False
    bf16: bool = True
    workers: int = 2
    track: tuple[Tracker, ...] = ()

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Recipe:
    """See the module.

    run: the folder of checkpoints, logs, samples and the trained model. Paths are relative to where the command is run.
    """

    run: Path
    data: Data
    model: Model
    stages: tuple[Stage, ...]
    machine: Machine = field(default_factory=Machine)
    seed: int = 0

    __pydantic_config__ = _STRICT

    def __post_init__(self) -> None:
        names = [stage.name for stage in self.stages]
        if not names or len(set(names)) < len(names):
            raise ValueError("there must be at least one stage, and each needs a name of its own")


def read_recipe(path: Path, changes: list[str] | None = None) -> Recipe:
    """The recipe in a file.

    Args:
        changes: such as "machine.parallel=\\"fsdp\\"" or "stages.0.steps=10": values in TOML, in the place of the file's.

    Raises:
        UserError: the file is missing, no TOML, or something in it is unknown, missing or out of range.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        for change in changes or []:
            _change(raw, change)
        return TypeAdapter(Recipe).validate_python(raw)
    except OSError as error:
        raise UserError(f"The recipe {path} cannot be read.", f"The system says: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"The recipe {path} is not TOML: {error}.", "Mend that line.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(x) for x in first["loc"]) or "the recipe"
        reason = first["msg"].removeprefix("Value error, ")
        raise UserError(
            f"{path}: {place}: {reason}.", "See recipes/base, and jamflow.train.base.recipe for all fields."
        ) from error


def _change(raw: dict[str, Any], change: str) -> None:
    name, _, value = change.partition("=")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
        *way, last = name.strip().split(".")
        place: Any = raw
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        place[int(last) if isinstance(place, list) else last] = parsed
    except (tomllib.TOMLDecodeError, ValueError, IndexError, AttributeError, TypeError) as error:
        example = "stages.0.steps=10"
        raise UserError(
            f"{change!r} changes nothing in a recipe.", f"Write it as {example}, with the value as in TOML."
        ) from error
