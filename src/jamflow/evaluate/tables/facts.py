"""What the files themselves tell of rates and lengths, and which of it does not go together; nothing is decoded for that."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.video.stream import VideoStream

from jamflow.errors import UserError
from jamflow.evaluate.tables.pairs import Pair
from jamflow.evaluate.tables.protocols import Protocol
from jamflow.media.video_reader import has_video, opened, picture_track, sound_track
from jamflow.speech.waveform import MAX_SECONDS

SHORTEST_S = 1.5
"""Of a shorter clip, lips can be compared at few of the lags within half a second; a word error says little."""
TRIM_S = 0.5
"""Result and reference may differ by so much; the longer one is trimmed. More is another clip."""


@dataclass(frozen=True)
class Facts:
    """A file. fps: frames a second; None without a picture. frames: their number. sound_hz: None without sound."""

    fps: Fraction | None
    frames: int
    picture_s: float
    sound_hz: int | None
    sound_s: float


def facts_of(path: Path) -> Facts:
    """Reads the index of a file.

    Raises:
        UserError: it cannot be read, or its frames are not evenly spaced.
    """
    moves = has_video(path)
    with opened(path, "file") as container:
        picture = picture_track(container, path) if moves else None
        sound = sound_track(container)
        times: list[Fraction] = []
        sound_s = Fraction(0)
        for packet in container.demux([track for track in (picture, sound) if track is not None]):
            if packet.pts is None or packet.time_base is None or packet.is_discard:
                continue
            if isinstance(packet.stream, VideoStream):
                times.append(packet.pts * packet.time_base)
            else:
                sound_s += (packet.duration or 0) * packet.time_base
        fps = None
        if picture is not None:
            fps = Fraction(picture.average_rate or picture.guessed_rate or 25)
            _refuse_uneven(path, sorted(times), fps)
        picture_s = float(len(times) / fps) if fps else 0.0
        return Facts(fps, len(times), picture_s, sound.rate if sound is not None else None, float(sound_s))


def _refuse_uneven(path: Path, times: list[Fraction], fps: Fraction) -> None:
    if any(abs(time - times[0] - k / fps) > 1 / fps for k, time in enumerate(times)):
        raise UserError(
            f"The frames of {path} are not evenly spaced, so no judge would see what is played.",
            f"Convert it first: ffmpeg -i IN -fps_mode cfr -r {float(fps):g} OUT.mp4.",
        )


def checked_facts(pairs: Sequence[Pair], table: Protocol) -> dict[Path, Facts]:
    """The facts of all files.

    Raises:
        UserError: a result is too short, has no sound or picture where the table needs it, has another frame rate than its
            reference, or is of another length.
    """
    facts = {file: facts_of(file) for pair in pairs for file in pair.files}
    for pair in pairs:
        for file in pair.files:
            _refuse_length(file, facts[file], table.moving and file in (pair.result, pair.reference))
        if table.moving:
            _refuse_other_clip(pair, facts)
        for file in _heard(pair, table):
            if facts[file].sound_hz is None:
                raise UserError(
                    f"The file {file} of row {pair.number} has no sound, which {table.name} judges.", "Add its sound."
                )
    return facts


def trimmed_frames(pair: Pair, facts: dict[Path, Facts]) -> int:
    """How many frames the longer of result and reference has more."""
    return 0 if pair.reference is None else abs(facts[pair.result].frames - facts[pair.reference].frames)


def _heard(pair: Pair, table: Protocol) -> list[Path]:
    """The files whose sound is judged."""
    files = [pair.prompt] if table.judged_by("voice") and table.voice_of == "prompt" else []
    if table.judged_by("words") or table.judged_by("voice"):
        files += [pair.spoken, pair.reference]
    if table.judged_by("lips"):
        files += [pair.reference, pair.result if table.lips_hear == "result" else None]
    return [file for file in files if file is not None]


def _refuse_length(file: Path, facts: Facts, moving: bool) -> None:
    if moving and facts.fps is None:
        raise UserError(f"The file {file} has no picture.", "Give a video.")
    length_s = facts.picture_s if moving else facts.sound_s or facts.picture_s
    if length_s < SHORTEST_S:
        raise UserError(f"The clip {file} lasts {length_s:.2f} s, and {SHORTEST_S:g} s is the least.", "Leave its row out.")
    if length_s > MAX_SECONDS:
        raise UserError(
            f"The clip {file} lasts {length_s:.0f} s, and {MAX_SECONDS:g} s is the most.", "Cut it; the paper has 20 s."
        )
    if moving and facts.sound_hz is not None and abs(facts.sound_s - facts.picture_s) > TRIM_S:
        said = f"The sound of {file} lasts {facts.sound_s:.2f} s and its picture {facts.picture_s:.2f} s."
        raise UserError(said, f"Cut them to one length; up to {TRIM_S:g} s is trimmed.")


def _refuse_other_clip(pair: Pair, facts: dict[Path, Facts]) -> None:
    assert pair.reference is not None, "every table with pictures needs references"
    result, reference = facts[pair.result], facts[pair.reference]
    if result.fps != reference.fps:
        raise UserError(
            f"The result {pair.result} of row {pair.number} has {_rate(result)} frames a second, and its reference "
            f"{_rate(reference)}.",
            "Make both alike (the field's protocols have 25): ffmpeg -i IN -r 25 OUT.mp4; it drops or repeats frames, so say so.",
        )
    if abs(result.picture_s - reference.picture_s) > TRIM_S:
        raise UserError(
            f"The result {pair.result} of row {pair.number} lasts {result.picture_s:.2f} s, and its reference "
            f"{reference.picture_s:.2f} s.",
            f"Cut them to one clip; up to {TRIM_S:g} s is trimmed.",
        )


def _rate(facts: Facts) -> str:
    return f"{float(facts.fps):g}" if facts.fps else "no"
