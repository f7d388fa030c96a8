"""What is judged: every result, and the control rows that are made from the ground truth of the same clips."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jamflow.evaluate.tables.observe import Source
from jamflow.evaluate.tables.pairs import Pair
from jamflow.evaluate.tables.protocols import DISTANCES, MEASURES, SHIFT_S, ControlName, Protocol

CONTROLS: dict[ControlName, str] = {
    "ground truth": "the references themselves",
    "encoded again": "the references through this project's codec (H.264 at crf 18, AAC), not through a renderer",
    "drawn again": "each reference's first frame with a face, moved by the reference and drawn by the face mesh",
    "through mini's vocoder": "the sound of the references as log mel, and back",
    "wrong sound": "the references' pictures and texts with the sound of another person's reference",
    "sound late": f"the references with their sound {SHIFT_S:g} s late",
    "sound early": f"the references with their sound {SHIFT_S:g} s early",
    "still": "the first frame with a face of each reference, held",
}
_LIPS = frozenset(name for name, measure in MEASURES.items() if measure.judge == "lips")
_HEARD = frozenset(name for name, measure in MEASURES.items() if measure.judge in ("words", "voice"))


@dataclass(frozen=True)
class Trial:
    """One clip of one row.

    Attributes:
        row: the system, or the control.
        pair: where it comes from.
        picture, reference: the video, and the ground truth that it is compared with; None in tables of sound.
        lips_sound: whose sound the lips are judged by.
        spoken: whose words, voice and quality are judged; None where only lips are.
        voice: whose voice it should have.
        late_s: how much the sound is shifted.
        still: the picture stands still.
        measures: which are taken; the others would say what the ground truth says.
    """

    row: str
    pair: Pair
    picture: Source | None
    reference: Source | None
    lips_sound: Source | None
    spoken: Source | None
    voice: Source | None
    measures: frozenset[str]
    late_s: float = 0.0
    still: bool = False
    control: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """By content: it depends neither on file names nor on the order of rows."""
        sources = (self.reference, self.picture, self.lips_sound, self.spoken, self.voice)
        return (*(source.name if source else "" for source in sources), self.pair.person, self.pair.text)


def trials_of(pairs: Sequence[Pair], table: Protocol, sha256: Callable[[Path], str], taken: frozenset[str]) -> list[Trial]:
    """All trials, those of one row after the other: systems by name, then controls; in a row by content.

    Args:
        sha256: of a file.
        taken: the measures whose judges are here.
    """

    def source(path: Path | None) -> Source | None:
        return None if path is None else Source(path, sha256(path))

    results = [_result(pair, table, source, taken) for pair in pairs]
    results.sort(key=lambda trial: (trial.row, trial.key))
    truths = {
        (t.reference, t.voice, t.pair.text, t.pair.person): t for t in (_truth(p, table, source, taken) for p in pairs) if t
    }
    clips = sorted(truths.values(), key=lambda trial: trial.key)
    controls = [trial for name in table.controls for trial in _control(name, clips, table, taken)]
    return results + controls


def _result(pair: Pair, table: Protocol, source: Callable[[Path | None], Source | None], taken: frozenset[str]) -> Trial:
    lips_sound = pair.reference if table.lips_hear == "reference" else pair.result
    return Trial(
        pair.system,
        pair,
        source(pair.result) if table.moving else None,
        source(pair.reference) if table.moving else None,
        source(lips_sound) if table.moving else None,
        source(pair.spoken),
        source(pair.prompt if table.voice_of == "prompt" else pair.reference),
        taken,
    )


def _truth(pair: Pair, table: Protocol, source: Callable[[Path | None], Source | None], taken: frozenset[str]) -> Trial | None:
    """The reference in the place of the result. Whether its voice is like its own voice is no question."""
    if pair.reference is None:
        return None
    truth = _result(replace(pair, result=pair.reference, speech=None), table, source, taken)
    own = truth.voice is not None and truth.spoken is not None and truth.voice.sha256 == truth.spoken.sha256
    return replace(truth, control=True, reference=source(pair.reference), measures=taken - {"voice"} if own else taken)


def _control(name: ControlName, clips: Sequence[Trial], table: Protocol, taken: frozenset[str]) -> list[Trial]:
    if name == "wrong sound":
        return [trial for clip in clips if (trial := _with_wrong_sound(clip, clips, taken)) is not None]
    return [_made(name, clip, table, taken) for clip in clips]


def _made(name: ControlName, clip: Trial, table: Protocol, taken: frozenset[str]) -> Trial:
    clip = replace(clip, row=name)
    if name == "sound late":
        return replace(clip, late_s=SHIFT_S, measures=taken & _LIPS, spoken=None)
    if name == "sound early":
        return replace(clip, late_s=-SHIFT_S, measures=taken & _LIPS, spoken=None)
    if name == "drawn again":
        copy = replace(_known(clip.reference), made=name)
        return replace(clip, picture=copy, measures=taken & (_LIPS | DISTANCES | {"likeness"}), spoken=None)
    if name == "still":
        return replace(clip, still=True, measures=taken & (_LIPS | DISTANCES), spoken=None)
    if name == "encoded again" or name == "through mini's vocoder":
        copy = replace(_known(clip.reference), made=name)
        if table.moving:
            clip = replace(clip, picture=copy, lips_sound=copy)
        return replace(clip, spoken=copy, measures=taken)
    return clip


def _with_wrong_sound(clip: Trial, clips: Sequence[Trial], taken: frozenset[str]) -> Trial | None:
    """With the sound of the next clip of somebody else (or, where nobody is named, of the next other clip)."""
    at = clips.index(clip)
    for other in (*clips[at + 1 :], *clips[:at]):
        somebody_else = other.pair.person != clip.pair.person or not clip.pair.person
        if somebody_else and other.reference != clip.reference:
            lips_sound = other.reference if clip.lips_sound else None
            return replace(
                clip, row="wrong sound", lips_sound=lips_sound, spoken=other.reference, measures=taken & (_LIPS | _HEARD)
            )
    return None


def _known(source: Source | None) -> Source:
    assert source is not None, "controls are made of references"
    return source
