"""A portrait moves as somebody in a video does; the sound of that video goes with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jamflow.errors import UserError
from jamflow.face.motion import Motion, Transfer
from jamflow.face.renderer import Tracker
from jamflow.face.template import is_template, read_template
from jamflow.footage.video import open_footage
from jamflow.loading.renderers import LandmarksName, RendererName, load_faces
from jamflow.media.video_reader import nearest_frames, track_warnings
from jamflow.result import Look, Passed, Piece, Result, Timings

if TYPE_CHECKING:
    from jamflow.face.liveportrait.renderer import Options

_CHUNK_FRAMES = 250


def reenact(
    portrait: str | Path | np.ndarray,
    driving: str | Path,
    *,
    renderer: RendererName = "mesh",
    transfer: Transfer | None = None,
    face: int | None = None,
    options: "Options | None" = None,
    landmarks: LandmarksName = "mesh",
) -> Result:
    """Motion from a driving video or motion template to a portrait.

    Args:
        portrait: a picture file, or (H, W, 3) uint8 RGB.
        driving: a video, whose sound is passed through, or a motion template (.npz, or .pkl of LivePortrait).
        renderer: what tracks and draws; "liveportrait" needs its weights (`jamflow weights pull liveportrait`).
        transfer: what is taken over and how; None is everything, relative to the maker at rest.
        options: stitching and retargeting, for LivePortrait alone; None is as its authors use it.
        landmarks: what LivePortrait crops the portrait by; "insightface" is for non-commercial research only.
        face: which face of the portrait, from the left, where there are several; None takes the largest.

    Raises:
        UserError: the portrait, the driving motion or the weights cannot be used.
    """
    timings = Timings()
    if renderer != "liveportrait" and (options is not None or landmarks != "mesh"):
        raise UserError("Stitching, retargeting and landmarks are LivePortrait's.", "Use the renderer liveportrait.")
    faces = load_faces(renderer, options=options, landmarks=landmarks)
    with timings("portrait"):
        picture, warnings = faces.prepare(portrait, face)
    with timings("driving"):
        if is_template(driving):
            motion, sound = read_template(driving, faces.tracker.space), None
        else:
            motion, sound, more = _tracked(Path(driving), faces.tracker)
            warnings += [*more, *track_warnings(driving)]

    def make(timings: Timings) -> Iterator[Piece]:
        silence = np.zeros(0, np.float32)
        for start in range(0, len(motion), _CHUNK_FRAMES):
            yield Piece(silence, motion.rows(np.arange(start, min(start + _CHUNK_FRAMES, len(motion)))), [])

    seconds = len(motion) / float(motion.fps)
    look = Look(picture, transfer or Transfer())
    return Result(make, lambda: seconds, sound, motion.fps, look, warnings, {"renderer": renderer}, timings)


def _tracked(path: Path, tracker: Tracker) -> tuple[Motion, Passed | None, list[str]]:
    footage = open_footage(path, tracker)
    lost = int((~footage.track.found_t).sum())
    warnings = [f"In {lost} of {len(footage.times_s)} frames of the driving video no face was found."] if lost else []
    motion = footage.track.motion.rows(nearest_frames(list(footage.times_s), footage.facts.fps))
    return motion, Passed(path, footage.times_s[0]) if footage.facts.has_sound else None, warnings
