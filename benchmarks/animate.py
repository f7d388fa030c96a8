"""Do the lips of `animate` move with the speech as a person's do?

Each clip's sound is given to a portrait. Measured is lip opening in the video (tracked) against that of the person who was
filmed saying it: correlation, lag of the best fit (positive: the portrait is late), how much the opening moves, and
distance of the mouth's key points. Three controls: the person's own motion on the same portrait (the most that renderer and
tracker let through), the model fed another clip's sound (half the list away, because neighbours are of one corpus, and
GRID's sentences all have one rhythm), and the portrait that does not move, where only the tracker's noise is left. "Motion"
is what the model made, before it was drawn. One clip a person; clips that manifest.csv calls out of time are left out.
Needs the extra `dev`.
"""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.shared.clips import FPS, evenly, one_a_person, video_folder
from benchmarks.shared.lips import LipCurve, LipScore, compare, lip_curve, report_lips, sound_start_s, track
from benchmarks.shared.options import PORTRAIT, ClipOptions, ModelOptions
from benchmarks.shared.report import Report
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.media.image import read_image
from jamflow.media.video_writer import VideoWriter
from jamflow.pipeline import JamFlow, reenact

SIDES = ("own sound", "own sound, motion", "real motion", "wrong sound", "still")


@dataclass(frozen=True, kw_only=True)
class Options(ClipOptions, ModelOptions):
    portrait: Path = PORTRAIT
    count: int = 24
    shortest_s: float = 2.5
    """Clips under this are left out, seconds."""


def run(options: Options, report: Report) -> None:
    paths = evenly(one_a_person(options.clips, options.shortest_s), options.count)
    model, clips = JamFlow.load(options.model), []
    table = report.table("Correlation with the person's lips, clip by clip", {"clip": "", **dict.fromkeys(SIDES, ".3f")})
    for k, path in enumerate(paths):
        with video_folder(report.folder, keep=False) as folder:
            clips.append(measure(path, paths[(k + len(paths) // 2) % len(paths)], model, options, folder))
        table.add(path.stem, *(clips[-1][side].r for side in SIDES))
    report_lips(report, clips, SIDES)


def measure(clip: Path, other: Path, model: JamFlow, options: Options, folder: Path) -> dict[str, LipScore]:
    """Scores of every side for one clip; `other` has the wrong sound."""
    person = lip_curve(track(clip), sound_start_s(clip))
    out = folder / "out.mp4"
    sides: dict[str, LipCurve] = {}
    for name, sound in (("own sound", clip), ("wrong sound", other)):
        result = model.animate(options.portrait, sound, seed=options.seed, nfe=options.nfe, frame="head")
        if name == "own sound" and (motion := result.motion) is not None:
            sides["own sound, motion"] = LipCurve(lip_opening_cm(motion.expression_tk3), None)
        result.save(out)
        sides[name] = lip_curve(track(out))
    reenact(options.portrait, clip, frame="head").save(out)
    sides["real motion"] = lip_curve(track(out), sound_start_s(clip))
    rgb = read_image(options.portrait)
    rgb = rgb[: len(rgb) // 2 * 2, : rgb.shape[1] // 2 * 2]
    with VideoWriter(out, rgb.shape[1], rgb.shape[0], FPS) as video:
        for _ in person.opening_t:
            video.write_frame(rgb)
    sides["still"] = lip_curve(track(out))
    return {name: compare(sides[name], person) for name in SIDES}
