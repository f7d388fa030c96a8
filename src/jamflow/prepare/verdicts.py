"""What became of a clip, or of a part of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Self

KEPT = "kept"

REASONS: Mapping[str, str] = MappingProxyType(
    {
        KEPT: "kept for training",
        "licence": "the licence does not allow a model to be shipped, or is not known",
        "missing": "the file is not there",
        "unreadable": "the file cannot be read",
        "crashed": "reading the file ended the program that read it",
        "no sound": "there is no sound, or silence",
        "no face": "no face is in the picture",
        "face small": "the face is too small",
        "face turned": "the face is turned away",
        "face covered": "something is in front of the mouth",
        "face lost": "the face is lost now and then",
        "too short": "less than a second is left",
        "no speech": "nobody speaks",
        "music": "there is music",
        "out of step": "sound and lips do not go together",
        "text": "the text cannot be laid on the sound",
        "duplicate": "the same sound is there already",
    }
)


@dataclass(frozen=True)
class Verdict:
    """About one stretch of a clip.

    Attributes:
        reason: a key of `REASONS`.
        detail: numbers or a sentence, for people.
        start_s: where the stretch begins, seconds of the file.
        seconds: how long it is; 0 where that is not known.
        measures: yaw and pitch in degrees, opening in cm, level in dB, sync and lag in seconds, as far as they were measured.
        fingerprint: hashes of the sound (`fingerprint.py`), if it is kept.
        file: where the stretch is, in the folder of its clip, if it is kept.
    """

    reason: str
    detail: str = ""
    start_s: float = 0.0
    seconds: float = 0.0
    measures: dict[str, float] = field(default_factory=dict)
    fingerprint: tuple[int, ...] = ()
    file: str = ""

    @property
    def kept(self) -> bool:
        return self.reason == KEPT

    def because(self, reason: str, detail: str = "") -> Self:
        """The same stretch with another verdict."""
        return replace(self, reason=reason, detail=detail)

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{**data, "fingerprint": tuple(data["fingerprint"])})
