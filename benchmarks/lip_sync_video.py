"""Does the repainted mouth of `lipsync` move with the speech? python benchmarks/lip_sync_video.py CLIPS_FOLDER

As `lip_sync.py`, which says what the numbers are; but the mouth is that of the very video, and everything is tracked in what
`lipsync` made of it. Each clip is made with its own sound and with another clip's. Controls: the clip's own tracked mouth
repainted (the most that painter and tracker let through), and the mouth repainted shut, where what is left of the filmed one
would show.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from jamflow.face.mesh.space import lip_opening_cm
from jamflow.footage.video import Footage, open_footage
from jamflow.loading.renderers import Faces, load_faces
from jamflow.media.video_reader import read_sound, read_video, video_facts
from jamflow.pipeline import JamFlow
from jamflow.result import Look, Piece, Result, Timings
from lip_sync import FPS, MOUTH, Curve, Score, curve, score, summarise, track, usable

SIDES = ("own sound", "real motion", "wrong sound", "still")


@dataclass(frozen=True)
class Options:
    """clips: a folder of mp4 files at 25 frames a second; `count` of them are taken evenly, none under `least_s` or over
    `most_s` seconds."""

    clips: tyro.conf.Positional[Path]
    model: str = "mini"
    nfe: int | None = None
    seed: int = 0
    count: int = 12
    least_s: float = 2.5
    most_s: float = 8.0
    keep: Path | None = None
    """A folder for the videos."""


def controls(footage: Footage, faces: Faces) -> Iterator[tuple[str, Result]]:
    """The clip with its own mouth repainted, and with a shut one."""
    film = footage.face_video()
    picture, mouth_nm = faces.renderer.prepare_video(film), film.mouth(faces.renderer.space)
    for name, wanted_nm in (("real motion", mouth_nm), ("still", np.zeros_like(mouth_nm))):
        piece = Piece(np.zeros(0, np.float32), picture.speaking(wanted_nm, FPS), [])
        yield name, Result(lambda _, piece=piece: iter([piece]), lambda: 0.0, None, FPS, Look(picture), [], {}, Timings())


def measure(clip: Path, other: Path, model: JamFlow, faces: Faces, options: Options, folder: Path) -> dict[str, Score]:
    """Scores of every side for one clip; `other` has the wrong sound."""
    footage, start_s = open_footage(clip, faces.tracker), float(read_sound(clip, 60).start_s)
    filmed, first = footage.track.motion.expression_tk3, max(0, round(start_s * float(FPS)))
    person = Curve(lip_opening_cm(filmed)[first:], filmed[first:, MOUTH])
    scores: dict[str, Score] = {}
    for name, sound in (("own sound", clip), ("wrong sound", other)):
        out = folder / f"{clip.stem}_{name.split()[0]}.mp4"
        model.lipsync(clip, sound, seed=options.seed, nfe=options.nfe).save(out)
        scores[name] = score(curve(track(out)), person)
    for name, result in controls(footage, faces):
        out = folder / f"{clip.stem}_{name.split()[0]}.mp4"
        result.save(out)
        scores[name] = score(curve(track(out), start_s), person)
    return scores


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    paths = [p for p in usable(options.clips, options.least_s) if video_facts(p).fps == FPS]
    paths = [p for p in paths if len(list(read_video(p))) <= options.most_s * FPS]
    paths = paths[:: max(1, len(paths) // options.count)][: options.count]
    model, faces = JamFlow.load(options.model), load_faces("mesh")
    rows: list[dict[str, Score]] = []
    print(f"| clip | {' | '.join(SIDES)} |\n|---|{'---|' * len(SIDES)}")
    for k, path in enumerate(paths):
        with tempfile.TemporaryDirectory() as folder:
            other, folder = paths[(k + len(paths) // 2) % len(paths)], options.keep or Path(folder)
            rows.append(measure(path, other, model, faces, options, folder))
        print(f"| {path.stem} | {' | '.join(f'{rows[-1][side].r:.3f}' for side in SIDES)} |", flush=True)
    summarise(rows, SIDES)


if __name__ == "__main__":
    main()
