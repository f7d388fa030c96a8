"""JAM-Flow, loaded once and called many times: what is given goes in, a `Result` comes out.

Every task is a method: a row of `tasks/table.py`, which says what it is given. What each does is in `tasks/`.
"""

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Concatenate, ParamSpec

import torch

from jamflow.errors import UserError
from jamflow.live.avatar import Avatar
from jamflow.live.start import Live, start
from jamflow.loading.model import LoadedModel, Precision, assemble
from jamflow.loading.renderers import Faces, RendererName, model_faces
from jamflow.result import Result
from jamflow.sampling.conditions import Conditions
from jamflow.sampling.generate import Sampling, Streams, generate
from jamflow.speech.vocoder import Vocoder
from jamflow.tasks.call import Call
from jamflow.tasks.inputs import Drawn, Inputs, PictureSource, Sampled, described, files_of
from jamflow.tasks.table import TASKS, Animate, Dub, Edit, Lipsync, Reenact, Retell, Speak, Tts, task_of
from jamflow.text.phonemes import Phonemizer
from jamflow.voices.adaptation import Adapter

P = ParamSpec("P")


def _documented(function: Callable[..., Result], inputs: type[Inputs], *first: inspect.Parameter) -> None:
    """Name, signature and help of a function that takes a task's inputs."""
    lines = [f"    {name}: {about.help}" for name, _, about in described(inputs)]
    raises = ["", "Raises:", "    UserError: something that is given cannot be used (says what, and what to do)."]
    function.__doc__ = "\n".join([inspect.cleandoc(inputs.__doc__ or ""), "", "Args:", *lines, *raises])
    function.__name__ = inputs.__name__.lower()
    function.__qualname__ = f"JamFlow.{function.__name__}" if first else function.__name__
    kinds = {name: "PictureSource" if about.picture else kind for name, kind, about in described(inputs)}
    own = [one.replace(annotation=kinds[one.name]) for one in inspect.signature(inputs).parameters.values()]
    function.__signature__ = inspect.Signature([*first, *own], return_annotation=Result)  # type: ignore[attr-defined]


def _task(inputs: Callable[P, Inputs]) -> Callable[Concatenate["JamFlow", P], Result]:
    """The method of a task: it takes what the task's inputs take, and so do its signature and its help."""

    def method(self: "JamFlow", *args: P.args, **kwargs: P.kwargs) -> Result:
        return self.make(inputs(*args, **kwargs))

    assert isinstance(inputs, type)
    _documented(method, inputs, inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY))
    return method


class JamFlow:
    """One loaded model. Make it with `JamFlow.load`.

    Calls are independent of each other and may come from several threads; all that is kept is the copy of the model that was
    adapted to the last voice.
    """

    speak = _task(Speak)
    animate = _task(Animate)
    lipsync = _task(Lipsync)
    dub = _task(Dub)
    retell = _task(Retell)
    edit = _task(Edit)
    tts = _task(Tts)
    reenact = _task(Reenact)

    def __init__(self, model: LoadedModel, faces: Faces | None = None):
        """`faces`: what draws, if not what the model's motion space asks for."""
        self._model = model
        self._faces: dict[RendererName | None, Faces] = {} if faces is None else {None: faces}
        self._loading = Lock()
        self._adapter = Adapter()

    @classmethod
    def load(
        cls,
        model: str | Path = "mini",
        device: str | None = None,
        dtype: Precision = "float32",
        compile: bool = False,
        *,
        vocoder: Vocoder | None = None,
        phonemizer: Phonemizer | None = None,
    ) -> "JamFlow":
        """Load a model, on the GPU where there is one. Nothing is downloaded.

        Args:
            model: `mini`, which ships; `base`, the official F5-TTS v1 Base (its weights are not for commercial use), which
                speaks only; `base-v0`, the older F5TTS_Base; or a folder that holds a `joint.safetensors`.
            device: "cpu" or "cuda"; None chooses.
            dtype: "bfloat16" computes the model's layers in half the memory (docs/decisions.md has the error).
            compile: compile the model's blocks (`Sampling.compile`): for a process that makes many calls, on a GPU above all.
            vocoder, phonemizer: take the place of the model's own (docs/extending.md).

        Raises:
            UserError: there is no such model or device, or files are missing (says which, and how to get them).
        """
        try:
            chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
            torch.empty(0, device=chosen)
        except (RuntimeError, AssertionError) as error:  # not compiled in, or not there
            raise UserError(f"There is no device called {device!r} here.", "Use cpu or cuda.") from error
        loaded = assemble(model, chosen, dtype, vocoder, phonemizer)
        return cls(replace(loaded, sampling=replace(loaded.sampling, compile=compile)))

    @property
    def sampling(self) -> Sampling:
        """The model's own way to solve: steps, method, sway, guidance."""
        return self._model.sampling

    def make(self, given: Inputs) -> Result:
        """Any task of the table, from its inputs; nothing slow is done before all of them are checked.

        Raises:
            UserError: an input cannot be used, or the model cannot do this task.
        """
        given.check()
        task = task_of(given)
        make = import_module(f"jamflow.tasks.{task.name}").make
        if not isinstance(given, Sampled):
            return _protecting(make(given), given)
        load = partial(self._load_faces, given.renderer if isinstance(given, Drawn) else None)
        call = Call(task, self._model, load, self._adapter, self._sampling(given), given.seed)
        if task.needs_motion:
            call.refuse_still_model()
        return _protecting(make(call, given), given)

    def live(
        self,
        portrait: PictureSource,
        *,
        size: int = 512,
        voice: str | Path | None = None,
        voice_text: str | None = None,
        face: int | None = None,
        seed: int = 0,
        nfe: int | None = None,
        in_time: bool = True,
    ) -> Avatar:
        """A face that says what it hears or is told, while it comes (`live.avatar.Avatar`).

        Args:
            portrait: a picture of a face, seen from the front.
            size: height of the frames, head and shoulders.
            voice, voice_text, face, seed: as for `speak`.
            nfe: solver steps for lips of sound that is heard; None is 4.
            in_time: frames come when it is their time; else as fast as they can.

        Raises:
            UserError: the portrait or the voice cannot be used, or the model has no motion.
        """
        given = Live(portrait, size=size, frame="head", voice=voice, voice_text=voice_text, face=face, seed=seed, nfe=nfe)
        given.check()
        task = TASKS["speak"]
        call = Call(task, self._model, self._load_faces, self._adapter, self._sampling(given), given.seed)
        return start(call, given, in_time)

    def generate(self, conditions: Conditions, sampling: Sampling | None = None, seed: int = 0) -> Streams:
        """One call of the model, with any combination of what is given, generated and absent. Tasks are made of such calls.

        Args:
            conditions: of both streams, in the units of the model's files (`Conditions`).
            sampling: steps, method, sway and guidance; None is `sampling`.

        Returns:
            (F, mel bands) log mel and (T, mouth channels) key points. Given parts come back as they were, absent streams as None.

        Raises:
            UserError: the conditions or the sampling do not fit the model (says what does not).
        """
        generator = torch.Generator().manual_seed(seed)
        try:
            return generate(self._model.joint, self._model.normaliser, conditions, sampling or self.sampling, generator)
        except ValueError as error:
            raise UserError(f"This cannot be generated: {error}.", "See Conditions and Sampling.") from error

    def _load_faces(self, renderer: RendererName | None = None) -> Faces:
        with self._loading:
            if renderer not in self._faces:
                motion = self._model.joint.config.motion
                self._faces[renderer] = model_faces(motion.space, self._model.device, motion.mouth, renderer)
            return self._faces[renderer]

    def _sampling(self, given: Sampled) -> Sampling:
        own = self._model.sampling
        if given.guidance is not None:
            own = replace(own, speech_guidance=given.guidance, motion_guidance=given.guidance)
        return own if given.nfe is None else replace(own, steps=given.nfe)


def _protecting(result: Result, given: Inputs) -> Result:
    """The result, which does not take the place of a file that was given."""
    result.inputs = files_of(given)
    return result


def _without_model(inputs: Callable[P, Inputs]) -> Callable[P, Result]:
    """A task that needs no model, as a function."""

    def function(*args: P.args, **kwargs: P.kwargs) -> Result:
        given = inputs(*args, **kwargs)
        given.check()
        return _protecting(import_module(f"jamflow.tasks.{task_of(given).name}").make(given), given)

    assert isinstance(inputs, type)
    _documented(function, inputs)
    return function


reenact = _without_model(Reenact)
