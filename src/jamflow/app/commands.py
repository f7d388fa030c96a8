"""What a task's command does. Heavy imports wait until the command line is known to be right."""

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jamflow.app.messages import complain
from jamflow.app.options import Demo, ModelChoice, MotionOutput, Output
from jamflow.app.parser import refuse_missing, values
from jamflow.app.progress import Progress
from jamflow.media.files import SOUND_SUFFIXES, output_file, refuse_overwriting, refuse_same
from jamflow.tasks.inputs import Inputs, InVoice, described, files_of
from jamflow.tasks.table import TASKS, Dub, Edit, Reenact, Speak, Task
from jamflow.voices.named import chosen_voice, named_voices
from jamflow.weights.shipped import asset, model_folder

if TYPE_CHECKING:
    from jamflow.pipeline import JamFlow

_HELLO = (
    "Hello! I am a photograph, and this is the first time that I speak. "
    "My voice and my face were made together, by one small model, on your own computer."
)


@dataclass(frozen=True)
class Job:
    """One result to make. `model` is None where none is needed. `texts` are files that are read besides what is given."""

    task: Task
    given: Inputs
    output: Output
    model: ModelChoice | None
    texts: tuple[str, ...] = ()


def run(words: argparse.Namespace) -> tuple[dict[str, Any], str, int]:
    """Makes one file; the report as data and in words, and the exit code."""
    return reported(checked(job(words)))


def demo(options: Demo) -> tuple[dict[str, Any], str, int]:
    """`speak` with the portrait in the package and a text of its own."""
    given = Speak(asset("portraits/astronaut.png"), _HELLO, frame="head")
    return reported(checked(Job(TASKS["speak"], given, Output(output=options.output), ModelChoice())))


def job(words: argparse.Namespace) -> Job:
    """What the words of a command line ask for.

    Raises:
        UserError: something is missing, or of another kind.
    """
    task: Task = words.task
    output_kind = MotionOutput if task.saves_motion else Output
    refuse_missing(words, words._parser.prog, task.inputs, output_kind)
    given = task.inputs(**values(task.inputs, words))
    output = output_kind(**values(output_kind, words))
    model = ModelChoice(**values(ModelChoice, words)) if task.generates else None
    return Job(task, given, output, model, words.texts)


def refuse_loss(job: Job) -> None:
    """Raises UserError where a result would take the place of a file that is read, or of another result."""
    outputs = job.output.files
    for number, path in enumerate(outputs):
        refuse_overwriting(path, [*job.texts, *files_of(job.given)])
        refuse_same(path, outputs[:number])


def checked(job: Job) -> Job:
    """The same with its pictures read, so that a bad one is refused before a model is loaded.

    Raises:
        UserError: an input or the output cannot be used.
    """
    job.given.check()
    given = job.given
    if job.model is not None:
        job.model.check()
        if isinstance(given, InVoice):
            chosen_voice(given.voice, given.voice_text, named_voices(model_folder(job.model.model)))
    refuse_loss(job)
    sound = job.output.output.suffix.lower() in SOUND_SUFFIXES
    if isinstance(given, Edit) and given.picture is None:
        given = replace(given, picture=not sound)
    if isinstance(given, Dub) and not sound:
        from jamflow.media.video_copy import check_copy  # PyAV, which takes a while

        check_copy(job.output.output, given.video)
    else:
        output_file(job.output.output, *job.task.saves)
    if isinstance(job.output, MotionOutput) and job.output.save_motion is not None:
        # LivePortrait's own tools read .pkl, and no other renderer's motion fits in it.
        pickled = isinstance(given, Reenact) and given.renderer == "liveportrait"
        output_file(job.output.save_motion, ".npz", *((".pkl",) if pickled else ()))
    for name, _, about in described(type(given)):
        if about.picture:
            from jamflow.media.image import read_image

            given = replace(given, **{name: read_image(getattr(given, name))})
    return replace(job, given=given)


def make(job: Job, model: "JamFlow | None", progress: Progress) -> dict[str, Any]:
    """Makes the file; returns what `Result.save` says about it. `model`: None where the task needs none."""
    if model is None:
        from jamflow.pipeline import reenact

        result = reenact(**{name: getattr(job.given, name) for name, _, _ in described(type(job.given))})
    else:
        result = model.make(job.given)
    if isinstance(job.output, MotionOutput) and job.output.save_motion is not None:
        result.save_motion(job.output.save_motion)
    return result.save(job.output.output, progress=progress)


def load(choice: ModelChoice | None) -> "JamFlow | None":
    """The model that a job asks for."""
    if choice is None:
        return None
    from jamflow.pipeline import JamFlow

    return JamFlow.load(choice.model, choice.device, choice.dtype, choice.compile)


def summary(report: dict[str, Any], spent_s: float) -> str:
    """What was made, in a line."""
    return f"{report['file']}: {report['seconds']:.1f} s long, made in {spent_s:.1f} s"


def reported(job: Job) -> tuple[dict[str, Any], str, int]:
    """Loads the model and makes the file; the report as data and in words, and the exit code."""
    start_s = time.monotonic()
    with Progress(sys.stderr) as progress:
        progress.say("Loading the model" if job.model else "Loading")
        model = load(job.model)
        progress.say("Preparing")
        report = make(job, model, progress)
    for warning in report["warnings"]:
        complain(warning)
    return report, summary(report, time.monotonic() - start_s), 0


def is_made(path: Path) -> bool:
    """Whether a result is there: files appear under their name only when they are whole."""
    return path.is_file() and path.stat().st_size > 0
