"""What is asked for: the same settings and the same files give the same shards."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from jamflow.mel_format import MelFormat

MotionName = Literal["mesh", "liveportrait"]

VERSION = 1
"""Of the stages: a change of what they do makes results of before new work."""


@dataclass(frozen=True)
class Settings:
    """How clips are prepared.

    Attributes:
        motion: the motion space of tracked faces.
        face: which face is followed where there are several, from the left, from 1; None is the largest.
        transcribe: whether Whisper writes down what is said where no text is given.
        mel: the format of sound and features.
    """

    motion: MotionName = "mesh"
    face: int | None = None
    transcribe: bool = False
    mel: MelFormat = field(default_factory=MelFormat)

    def as_data(self) -> dict[str, Any]:
        return {"version": VERSION, **asdict(self)}
