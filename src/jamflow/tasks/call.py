"""What the tasks have in common: one call of a task, from its inputs to its result."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from jamflow.errors import UserError
from jamflow.face.renderer import Picture
from jamflow.loading.model import LoadedModel
from jamflow.loading.renderers import Faces
from jamflow.media.video_reader import track_warnings
from jamflow.media.view import USUAL_TAGS, PictureTags
from jamflow.result import Copied, Look, Piece, Result, Timings
from jamflow.sampling.generate import Sampling
from jamflow.tasks.inputs import Framed
from jamflow.tasks.pieces import PieceMaker
from jamflow.tasks.speech_plan import SpeechPlan
from jamflow.tasks.table import Task
from jamflow.voices.adaptation import Adapter
from jamflow.voices.named import chosen_voice
from jamflow.voices.reader import Speaker
from jamflow.voices.video_lips import voice_lips


@dataclass(frozen=True)
class Call:
    """One call of a task.

    Attributes:
        load_faces: gives what draws and tracks; it is loaded when it is first asked for.
        adapter: adapts the model to a voice.
        sampling: of this call.
        warnings: what the user should know so far.
    """

    task: Task
    model: LoadedModel
    load_faces: Callable[[], Faces]
    adapter: Adapter
    sampling: Sampling
    seed: int
    timings: Timings = field(default_factory=Timings)
    warnings: list[str] = field(default_factory=list)

    def refuse_still_model(self) -> None:
        """UserError where the model has no motion that was trained."""
        if not self.model.moves:
            raise UserError(
                "This model has no trained motion: base's Motion-DiT must be trained first.",
                "Use the model mini for a video, or tts for sound alone.",
            )

    def portrait(self, source: Any, face: int | None, how: Framed) -> Picture:
        """A portrait, ready to be drawn. Raises UserError where it cannot be used."""
        with self.timings("portrait"):
            picture, warnings = self.load_faces().prepare(source, face, how.frame, how.size)
        self.warnings.extend(warnings)
        return picture

    def speaker(self, voice: str | Path | None, voice_text: str | None) -> Speaker:
        """Who speaks: a voice of the model by its name, that of a recording, or the model's own.

        Raises:
            UserError: there is no such voice, or it cannot be used.
        """
        with self.timings("text"):
            chosen = chosen_voice(voice, voice_text, self.model.named)
            if isinstance(chosen, Path):
                self.warnings.extend(track_warnings(chosen))
            return self.model.reader.speaker(chosen, voice_text)

    def seeing(self, speaker: Speaker, voice: str | Path | None) -> Speaker:
        """The same, who continues the lips of the voice too, if that is a video."""
        with self.timings("text"):
            chosen = chosen_voice(voice, None, self.model.named)
            if not isinstance(chosen, Path):
                return speaker
            lips = voice_lips(chosen, self.load_faces().tracker, self.model.joint.config.exact_motion_fps)
            return speaker if lips is None else speaker.seeing(lips)

    def result(
        self,
        plan: SpeechPlan,
        picture: Picture | None = None,
        still: bool = True,
        copied: Copied | None = None,
        tags: PictureTags = USUAL_TAGS,
    ) -> Result:
        """What is planned, made when it is asked for.

        Args:
            picture: what is drawn; None draws nothing.
            still: keep head, brows and eyes as they are in the picture.
            copied: the picture of a file, which goes into the result as it is.
            tags: how the frames that are drawn are to be shown.
        """
        sampling = replace(self.sampling, **plan.guidance)
        fps = self.model.joint.config.exact_motion_fps
        look = None if picture is None else Look(picture, tags=tags)

        def make(timings: Timings) -> Iterator[Piece]:
            idle = None if still else self.load_faces().renderer.idle(fps, np.random.default_rng(self.seed))
            with timings("voice"):
                model = self.model.in_voice(self.adapter, plan.lesson)
            return PieceMaker(model, self.task.motion, sampling, self.seed, look, idle, timings).pieces(plan)

        settings = {"seed": self.seed, "nfe": sampling.steps}
        warnings = [*self.model.warnings, *self.warnings, *plan.warnings]
        return Result(make, plan.expected_s, plan.heard, fps, look, warnings, settings, self.timings, copied)
