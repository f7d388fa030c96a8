"""Does the repainted mouth of `lipsync` move with the speech?

As `animate`, which says what the numbers are; but the mouth is that of the very video, and everything is tracked in what
`lipsync` made of it. Each clip is made with its own sound and with another clip's. Controls: the clip's own tracked mouth
repainted (the most that painter and tracker let through), and the mouth repainted shut, where what is left of the filmed
one would show. Needs the extra `dev`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.shared.clips import FPS, evenly, one_a_person, video_folder
from benchmarks.shared.lips import MOUTH, LipCurve, LipScore, compare, lip_curve, report_lips, sound_start_s, track
from benchmarks.shared.options import ClipOptions, ModelOptions
from benchmarks.shared.report import Report
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.footage.video import Footage, open_footage
from jamflow.loading.renderers import Faces, load_faces
from jamflow.media.video_reader import read_video
from jamflow.pipeline import JamFlow
from jamflow.result import Look, Piece, Result, Timings

SIDES = ("own sound", "real motion", "wrong sound", "still")


@dataclass(frozen=True, kw_only=True)
class Options(ClipOptions, ModelOptions):
    shortest_s: float = 2.5
    """Clips under this are left out, seconds."""
    longest_s: float = 8.0
    """Clips over this are left out, seconds."""
    keep: bool = False
    """Keep the videos in the folder `--out`."""


def run(options: Options, report: Report) -> None:
    paths = [p for p in one_a_person(options.clips, options.shortest_s) if len(list(read_video(p))) <= options.longest_s * FPS]
    paths = evenly(paths, options.count)
    model, faces, clips = JamFlow.load(options.model), load_faces("mesh"), []
    table = report.table("Correlation with the person's lips, clip by clip", {"clip": "", **dict.fromkeys(SIDES, ".3f")})
    for k, path in enumerate(paths):
        with video_folder(report.folder, options.keep) as folder:
            clips.append(measure(path, paths[(k + len(paths) // 2) % len(paths)], model, faces, options, folder))
        table.add(path.stem, *(clips[-1][side].r for side in SIDES))
    report_lips(report, clips, SIDES)


def measure(clip: Path, other: Path, model: JamFlow, faces: Faces, options: Options, folder: Path) -> dict[str, LipScore]:
    """Scores of every side for one clip; `other` has the wrong sound."""
    footage, start_s = open_footage(clip, faces.tracker), sound_start_s(clip)
    filmed, first = footage.track.motion.expression_tk3, max(0, round(start_s * float(FPS)))
    person = LipCurve(lip_opening_cm(filmed)[first:], filmed[first:, MOUTH])
    scores: dict[str, LipScore] = {}
    for name, sound in (("own sound", clip), ("wrong sound", other)):
        out = folder / f"{clip.stem}_{name.split()[0]}.mp4"
        model.lipsync(clip, sound, seed=options.seed, nfe=options.nfe).save(out)
        scores[name] = compare(lip_curve(track(out)), person)
    for name, result in controls(footage, faces):
        out = folder / f"{clip.stem}_{name.split()[0]}.mp4"
        result.save(out)
        scores[name] = compare(lip_curve(track(out), start_s), person)
    return scores


def controls(footage: Footage, faces: Faces) -> Iterator[tuple[str, Result]]:
    """The clip with its own mouth repainted, and with a shut one."""
    video = footage.face_video()
    picture, mouth_nm = faces.renderer.prepare_video(video), video.mouth(faces.renderer.space)
    for name, wanted_nm in (("real motion", mouth_nm), ("still", np.zeros_like(mouth_nm))):
        piece = Piece(np.zeros(0, np.float32), picture.speaking(wanted_nm, FPS), [])
        yield name, Result(lambda _, piece=piece: iter([piece]), lambda: 0.0, None, FPS, Look(picture), [], {}, Timings())
