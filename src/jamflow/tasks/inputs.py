"""What a task can be given: each input once, with its words for people, its range and its checks.

The inputs of a task are a frozen dataclass, put together from these in `table.py`. The Python API fills it in, the command
line makes its options from it, and `Inputs.check` says what is wrong before anything slow is done.
"""

from dataclasses import MISSING, dataclass, field, fields
from os import PathLike
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from jamflow.errors import UserError, listed
from jamflow.media.files import existing_file
from jamflow.voices.named import is_name

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

FilePath = str | Path
PictureSource = Union[str, PathLike[str], bytes, "Image", "np.ndarray"]  # as in `media.image`, which imports Pillow
"""A picture file, its bytes, a PIL image, or a uint8 array: (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA."""

Region = Literal["all", "exp", "pose", "lip", "eyes"]
FrameName = Literal["whole", "head"]
RendererName = Literal["mesh", "liveportrait"]
LandmarksName = Literal["mesh", "liveportrait", "insightface"]


@dataclass(frozen=True)
class About:
    """What people and programs have to know of an input.

    Attributes:
        help: one or two sentences for the command line.
        metavar: what stands for its value in the help.
        option: its name on the command line, where that is not the field's own.
        alias: a second name there.
        low, high: the range of a number; both ends belong to it.
        file: what the file is called in messages ("voice file"), where the value names one.
        holds: what that file must have, if only one kind is of use.
        or_name: the value may be a name that the model knows instead, which is looked up where the model is known.
        picture: the value is a picture: a path, or from Python also bytes, a PIL image or an array.
        or_file: the command line also takes the text from a file, with `--text-file`.
        hidden: the command line does not offer it.
        positional: on the command line it is a word without an option.
    """

    help: str
    metavar: str = ""
    option: str = ""
    alias: str = ""
    low: float | None = None
    high: float | None = None
    file: str = ""
    holds: Literal["", "sound", "picture"] = ""
    or_name: bool = False
    picture: bool = False
    or_file: bool = False
    hidden: bool = False
    positional: bool = False


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What one task is given."""

    def check(self) -> None:
        """Every input by itself; a subclass adds what inputs must be together.

        Raises:
            UserError: the first thing that is wrong, and what to do.
        """
        for name, hint, about in described(type(self)):
            value = getattr(self, name)
            if value is not None:
                _check_value(about.option or name.replace("_", "-"), value, hint, about)


def described(inputs: type) -> tuple[tuple[str, Any, About], ...]:
    """(name, type, About) of every field: first what must be given, last what many tasks share."""
    heavy = {"Image": object, "np": SimpleNamespace(ndarray=object)}  # classes of pictures that are not imported here
    hints = get_type_hints(inputs, heavy, include_extras=True)
    rows = [(one.name, *get_args(hints[one.name])[:2]) for one in fields(inputs)]
    shared = [field.name for mixin in (Head, FaceChoice, Framed, Drawn, Sampled) for field in fields(mixin)]
    required = {one.name for one in fields(inputs) if one.default is MISSING}
    return tuple(sorted(rows, key=lambda row: (row[0] not in required, row[0] in shared and shared.index(row[0]) + 1)))


def files_of(given: Inputs) -> list[Path]:
    """The files that are named in what a task is given; a voice's name counts as one."""
    rows = ((getattr(given, name), about) for name, _, about in described(type(given)))
    return [Path(value) for value, about in rows if (about.file or about.picture) and isinstance(value, str | PathLike)]


def _check_value(option: str, value: Any, kind: Any, about: About) -> None:
    kinds = (kind,) if type(None) not in get_args(kind) else get_args(kind)
    choices = [choice for one in kinds if get_origin(one) is Literal for choice in get_args(one)]
    if choices and value not in choices:
        raise UserError(f"There is no --{option} {value!r}.", f"Use {listed(choices, 'or')}.")
    if about.low is not None and about.high is not None and not (_is_number(value) and about.low <= value <= about.high):
        ends = f"{about.low:g} to {about.high:g}"  # NaN is in no range
        raise UserError(f"--{option} is {value}, but it must be from {ends}.", "Choose another value.")
    if int in kinds and not isinstance(value, int):
        raise UserError(f"--{option} is {value}, but it must be a whole number.", "Choose another value.")
    if float in kinds and not _is_number(value):
        raise UserError(f"--{option} is {value}, but it must be a number.", "Choose another value.")
    if str in kinds and Path not in kinds and not isinstance(value, str):
        raise UserError(f"--{option} is {value!r}, but it must be text.", "Give it in quotes.")
    if about.file:
        if not isinstance(value, str | Path):
            raise UserError(f"The {about.file} is {type(value).__name__}, not the path of a file.", "Save it to a file first.")
        if not (about.or_name and is_name(value)):
            existing_file(value, about.file)
            if about.holds:
                from jamflow.media.video_reader import refuse_without  # PyAV, which takes a while

                refuse_without(value, about.file, about.holds)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, kw_only=True)
class Portrait(Inputs):
    """Whose face is drawn."""

    portrait: Annotated[PictureSource, About("A picture of a face, seen from the front.", "PICTURE", picture=True)] = field(
        kw_only=False
    )


@dataclass(frozen=True, kw_only=True)
class Said(Inputs):
    """A text that must be there."""

    text: Annotated[str, About("What to say, of any length. mini speaks English, base also Chinese.", "TEXT", or_file=True)] = (
        field(kw_only=False)
    )

    def check(self) -> None:
        super().check()
        refuse_empty_text(self.text)


@dataclass(frozen=True, kw_only=True)
class InVoice(Inputs):
    """Whose voice speaks."""

    has_own_sound: ClassVar[bool] = False  # whether there is a voice to speak with that is not given as `voice`

    voice: Annotated[
        FilePath | None,
        About(
            "The voice to speak with: a name of `jamflow voices`, or a recording (default: mini's own; base has none).",
            "NAME|SOUND",
            file="voice file",
            holds="sound",
            or_name=True,
        ),
    ] = None
    voice_text: Annotated[
        str | None, About("What is said in --voice. base needs it, or Whisper (the extra eval) to transcribe it.", "TEXT")
    ] = None

    def check(self) -> None:
        super().check()
        if self.voice_text and not self.voice and not self.has_own_sound:
            raise UserError("--voice-text is given without --voice.", "Give the recording too.")


@dataclass(frozen=True, kw_only=True)
class Spoken(Said, InVoice):
    """A text, who says it, and how fast."""

    speed: Annotated[float, About("Speaking rate, 0.5 to 2; 2 is twice as fast.", "X", low=0.5, high=2.0)] = 1.0


@dataclass(frozen=True, kw_only=True)
class Recorded(Inputs):
    """Speech that is given."""

    speech: Annotated[
        FilePath, About("A recording of what to say, half a second or longer.", "SOUND|VIDEO", file="sound file", holds="sound")
    ] = field(kw_only=False)


@dataclass(frozen=True, kw_only=True)
class Filmed(Inputs):
    """A video that is given."""

    video: Annotated[FilePath, About("A video of a person, seen from the front.", "VIDEO", file="video", holds="picture")] = (
        field(kw_only=False)
    )


@dataclass(frozen=True, kw_only=True)
class FaceChoice(Inputs):
    """Whose face, where there are several."""

    face: Annotated[
        int | None, About("Which face to use where there are several, from the left (default: the largest).", "N")
    ] = None

    def check(self) -> None:
        super().check()
        if self.face is not None and (isinstance(self.face, bool) or not isinstance(self.face, int) or self.face < 1):
            raise UserError(f"--face is {self.face}, but faces are counted from 1.", "Give 1 for the leftmost.")


@dataclass(frozen=True, kw_only=True)
class Framed(Inputs):
    """What of a portrait is in the video, and how large."""

    frame: Annotated[
        FrameName,
        About("What is in the video: the whole picture, in which only the head moves, or head and shoulders (default: whole)."),
    ] = "whole"
    size: Annotated[
        int | None,
        About(
            "Height of the video in pixels, an even number; a whole picture is only made smaller, never larger (default: its own "
            "height, at most 1080; of head and shoulders, 512).",
            "LINES",
            low=64,
            high=2160,
        ),
    ] = None

    def check(self) -> None:
        super().check()
        if self.size is not None and self.size % 2:
            raise UserError(f"--size is {self.size}, but a video has an even number of lines.", f"Use {self.size - 1}.")


@dataclass(frozen=True, kw_only=True)
class Drawn(Inputs):
    """What draws the generated motion."""

    renderer: Annotated[
        RendererName | None,
        About(
            "What draws the face (default: mesh for mini, liveportrait for base). liveportrait needs `jamflow weights pull "
            "liveportrait`; the motion of mini reaches it through the mesh's own drawing, and it takes seconds a frame on a CPU.",
            "NAME",
        ),
    ] = None

    def check(self) -> None:
        super().check()
        if self.renderer == "liveportrait":
            from jamflow.weights.fetch import require  # not needed for anything else here

            require("liveportrait")


@dataclass(frozen=True, kw_only=True)
class Head(Inputs):
    """What moves besides the mouth."""

    still: Annotated[bool, About("Keep the head still.")] = False


@dataclass(frozen=True, kw_only=True)
class Sampled(Inputs):
    """How the model is sampled."""

    seed: Annotated[int, About("The same seed gives the same result.", "N", low=0, high=2**63 - 1)] = 0
    nfe: Annotated[
        int | None,
        About("Solver steps: more is slower and a little better (default: the model's own).", "N", low=1, high=128),
    ] = None
    guidance: Annotated[
        float | None,
        About("Guidance strength of all that is generated, 0 to 10 (default: the model's own).", "X", low=0, high=10),
    ] = None


def refuse_empty_text(text: Any) -> None:
    """UserError where there is nothing to say."""
    if not isinstance(text, str) or not text.strip():
        raise UserError("There is no text to say.", "Give it by --text or --text-file.")
