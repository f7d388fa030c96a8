"""`reenact`: a portrait moves as a person in a video does; the sound of that video is kept. No model is needed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jamflow.face.motion import Motion, Transfer
from jamflow.face.renderer import Tracker
from jamflow.face.template import is_template, read_template
from jamflow.footage.cut_motion import as_one_shot
from jamflow.footage.video import open_footage
from jamflow.loading.renderers import load_faces
from jamflow.media.video_reader import nearest_frames, track_warnings
from jamflow.result import Look, Passed, Piece, Result, Timings
from jamflow.tasks.table import Reenact

if TYPE_CHECKING:
    from jamflow.face.liveportrait.renderer import Options

_CHUNK_FRAMES = 250


def make(given: Reenact) -> Result:
    """See `JamFlow.reenact`."""
    timings = Timings()
    faces = load_faces(given.renderer, options=_liveportrait_options(given), landmarks=given.landmarks)
    motion, sound = None, None
    with timings("driving"):
        if is_template(given.driving):  # a wrong one is refused before the portrait is worked on
            motion = read_template(given.driving, faces.tracker.space)
    with timings("portrait"):
        picture, warnings = faces.prepare(given.portrait, given.face, given.frame, given.size)
    with timings("driving"):
        if motion is None:
            motion, sound, more = _tracked(Path(given.driving), faces.tracker)
            warnings += [*more, *track_warnings(given.driving)]

    def make_pieces(timings: Timings) -> Iterator[Piece]:
        silence = np.zeros(0, np.float32)
        for start in range(0, len(motion), _CHUNK_FRAMES):
            yield Piece(silence, motion.rows(np.arange(start, min(start + _CHUNK_FRAMES, len(motion)))), [])

    seconds = len(motion) / float(motion.fps)
    look = Look(picture, Transfer(not given.absolute, given.region, given.strength))
    settings = {"renderer": given.renderer}
    return Result(make_pieces, lambda: seconds, sound, motion.fps, look, warnings, settings, timings)


def _liveportrait_options(given: Reenact) -> "Options | None":
    """None where LivePortrait does not draw, or is used as its authors do."""
    if not (given.eyes or given.lips or given.close_lips or given.no_stitching):
        return None
    from jamflow.face.liveportrait.renderer import Options

    return Options(not given.no_stitching, given.eyes, given.lips, given.close_lips)


def _tracked(path: Path, tracker: Tracker) -> tuple[Motion, Passed | None, list[str]]:
    footage = open_footage(path, tracker)
    warnings = [*footage.warnings, *footage.unseen_warnings("the face moves on to where it is seen next")]
    motion = footage.seen_motion(tracker.space)
    if footage.shot_k is not None and (cuts := int(footage.shot_k[-1])):
        motion = as_one_shot(replace(footage.track, motion=motion), footage.shot_k)
        times = "once" if cuts == 1 else f"{cuts} times"
        warnings.append(f"The driving video is cut {times}: after a cut, the head moves on from how that shot begins.")
    motion = motion.rows(nearest_frames(list(footage.times_s), footage.facts.fps))
    return motion, Passed(path, footage.times_s[0]) if footage.facts.has_sound else None, warnings
