"""Does another checkout of JAM-Flow give the same results, to the bit?

Small jobs of every task (the portrait in the package, mini's own speech, 2 solver steps, fixed seeds) run in this checkout
and in the other one, each in a process of its own, with the same inputs and threads. Compared are waveform, expression,
pose and pictures as the API gives them, and the file that is saved: byte by byte, but for the coding of drawn pictures,
because x264 does not give the same bytes twice. Numbers are root mean squares of the difference: of samples in [-1, 1], of
key points in head centimetres, of degrees, of grey levels out of 255. It shows that a change which should change nothing
did not. The other checkout may be of an older version. The exit code is 1 where anything differs. Needs the extra `dev`.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tyro
from PIL import Image

from benchmarks.shared.checkouts import check_code, source_of
from benchmarks.shared.options import PORTRAIT, Output
from benchmarks.shared.process import CHECKOUT
from benchmarks.shared.provenance import commit_of
from benchmarks.shared.report import Report, Shown
from benchmarks.shared.workers import small_jobs
from jamflow.errors import UserError
from jamflow.media.image import read_image
from jamflow.media.video_reader import read_sound

JOBS = tuple(small_jobs.jobs(None, *3 * (Path(),)))  # type: ignore[arg-type]  # their names
SIDE_PX = 320
LONGEST_S = 60.0
ARRAYS = {
    "waveform": "waveform",
    "expression": "expression_tk3",
    "pose": "rotation_t3",
    "place": "translation_t3",
    "picture": "frames",
}


@dataclass(frozen=True, kw_only=True)
class Options(Output):
    other: tyro.conf.Positional[Path]
    """The other checkout."""
    jobs: tuple[str, ...] = JOBS
    """Which jobs to run."""
    threads: int = 1
    """Of each side; another number of threads may round differently."""


def run(options: Options, report: Report) -> int:
    unknown = [name for name in options.jobs if name not in JOBS]
    if unknown:
        raise UserError(f"There is no job called {unknown[0]!r}.", f"The jobs are: {', '.join(JOBS)}.")
    source_of(options.other)
    report.seeds = [small_jobs.SEED]
    report.details = {"other_checkout": str(options.other.resolve()), "other_commit": commit_of(options.other)}
    columns = {"job": "", **dict.fromkeys((*ARRAYS, "file"), ""), "here, s": ".1f", "there, s": ".1f"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        here, there = folder / "here", folder / "there"
        given = make_inputs(folder, options)
        sides = []
        for checkout, kept in ((CHECKOUT, here), (options.other.resolve(), there)):
            report.say(f"running in {checkout}")
            kept.mkdir()
            sides.append(run_jobs(checkout, given | {"folder": str(kept), "names": options.jobs}, options.threads))
        table = report.table(f"This checkout against {report.details['other_commit']} in {options.other}", columns)
        differing = []
        for job in options.jobs:
            cells = compare(job, here, there, [side[job]["error"] for side in sides])
            if any(cell is not None and cell.value != 0 for cell in cells):
                differing.append(job)
            table.add(job, *cells, *(side[job]["seconds"] for side in sides))
    verdict = (
        f"{len(differing)} of {len(options.jobs)} jobs differ: {', '.join(differing)}." if differing else "All are the same."
    )
    report.details["differing"] = differing
    print(f"\n{verdict}")
    return 1 if differing else 0


def make_inputs(folder: Path, options: Options) -> dict[str, Any]:
    """A small portrait and, where a job needs them, speech and a video of this checkout: paths as the worker takes them."""
    paths = {"portrait": folder / "portrait.png", "speech": folder / "speech.wav", "video": folder / "video.mp4"}
    rgb = cv2.resize(read_image(PORTRAIT), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    Image.fromarray(rgb).save(paths["portrait"])
    given = {name: str(path) for name, path in paths.items()}
    if not set(options.jobs) <= small_jobs.WITHOUT_INPUTS:
        run_jobs(CHECKOUT, given | {"folder": None, "names": []}, options.threads)
    return given


def run_jobs(checkout: Path, asked: dict[str, Any], threads: int) -> dict[str, dict[str, Any]]:
    """What the worker answers about each job, with the code of a checkout.

    Raises:
        UserError: it did not run, or on other code than that checkout's.
    """
    source = checkout / "src"
    environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)) | {"PYTHONPATH": str(source)}
    done = subprocess.run(
        [sys.executable, small_jobs.__file__, json.dumps(asked)], env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    first, *answers = [json.loads(line) for line in done.stdout.splitlines()] or [{"jamflow": ""}]
    if done.returncode:
        raise UserError(f"The jobs did not run in {checkout}.", "See the error above.")
    check_code(first["jamflow"], source)
    return {answer["job"]: answer for answer in answers}


def compare(job: str, here: Path, there: Path, errors: list[str | None]) -> list[Shown | None]:
    """Cells for every array, and for the file: by how much they differ, 0 for equal to the bit, None for what neither has."""
    if any(errors):
        words = [f"fails {where}: {error}" for where, error in zip(("here", "there"), errors, strict=True) if error]
        return [*(None for _ in ARRAYS), _words("; ".join(words))]
    one, two = (np.load(folder / f"{job}.npz") for folder in (here, there))
    cells = [difference(one.get(key), two.get(key)) for key in ARRAYS.values()]
    files = [folder / f"{job}{'.wav' if job.startswith('tts') else '.mp4'}" for folder in (here, there)]
    return [*cells, file_difference(*files, drawn="frames" in one and "frames" in two)]


def difference(one: np.ndarray | None, two: np.ndarray | None) -> Shown | None:
    """Root mean square of the difference."""
    if one is None and two is None:
        return None
    if one is None or two is None:
        return _words(f"only {'there' if one is None else 'here'}")
    if one.shape != two.shape:
        return _words(f"shapes {one.shape} and {two.shape}")
    if one.dtype == two.dtype and one.tobytes() == two.tobytes():
        return Shown(0, "equal")
    rms = float(np.sqrt(np.mean(np.square(one.astype(np.float64) - two))))
    return Shown(rms, f"rms {rms:.2g}")


def file_difference(one: Path, two: Path, drawn: bool) -> Shown:
    """Of the bytes; where the picture was drawn, only of the sound: x264's macroblock tree depends on what was in the memory."""
    if one.read_bytes() == two.read_bytes():
        return Shown(0, "equal")
    if not drawn:
        return _words("other bytes")
    sounds = [read_sound(path, LONGEST_S) for path in (one, two)]
    if sounds[0].sample_rate != sounds[1].sample_rate or sounds[0].start_s != sounds[1].start_s:
        return _words("sound at another rate or time")
    cell = difference(*(sound.samples for sound in sounds))
    assert cell is not None
    return cell if cell.value else Shown(0, "sound equal")


def _words(text: str) -> Shown:
    """A difference that is no number."""
    return Shown(text, text)
