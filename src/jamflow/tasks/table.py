"""The table of tasks: what each is given, what it generates, what it can be saved as.

The table drives the Python API (`JamFlow.make`), the command line and its help. A new task is a row here, with its inputs, and
a function `make` in a module of this folder that has the task's name (docs/extending.md).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, get_args

from jamflow.errors import UserError
from jamflow.media.files import SOUND_SUFFIXES
from jamflow.sampling.roles import Role
from jamflow.tasks.inputs import (
    About,
    Drawn,
    FaceChoice,
    FilePath,
    Filmed,
    Framed,
    Head,
    Inputs,
    InVoice,
    LandmarksName,
    Portrait,
    Recorded,
    Region,
    RendererName,
    Sampled,
    Spoken,
    refuse_empty_text,
)
from jamflow.text.fit import DUB_FITS, LIPSYNC_FITS, FitMode, check_fit


@dataclass(frozen=True, kw_only=True)
class Speak(Sampled, Drawn, Framed, FaceChoice, Head, Spoken, Portrait):
    """A portrait and a text become a talking video.

    `mini` is adapted to a given voice first, for some seconds; the copy is kept for the next call. Of a voice that is a video,
    the lips are continued as well.
    """


@dataclass(frozen=True, kw_only=True)
class Animate(Sampled, Drawn, Framed, FaceChoice, Head, Recorded, Portrait):
    """A portrait says what is said in a recording, whose sound is kept.

    The sound goes into the video as it is, from its first sample on. There are as many frames as cover it.
    """


@dataclass(frozen=True, kw_only=True)
class Lipsync(Sampled, Drawn, FaceChoice, Recorded, Filmed):
    """The mouth of a video says what is said in a recording; everything else stays.

    The recording's sound goes into the video as it is, and the result is as long: the video ends with it, or is played back and
    forth. Every frame keeps its own time, its size but for an odd row or column, and what lies outside the lower face.
    """

    fit: Annotated[
        FitMode | None,
        About(
            "If video and speech differ in length: end with the shorter one, play the picture back and forth, or refuse "
            "(default: the video is made as long as the speech).",
            "trim|loop|refuse",
        ),
    ] = None

    def check(self) -> None:
        super().check()
        check_fit(self.fit, LIPSYNC_FITS, "lipsync")


@dataclass(frozen=True, kw_only=True)
class Dub(Sampled, InVoice, Filmed):
    """A video gets speech in time with its lips; its picture is copied.

    The sound is exactly as long as the picture. The video's own sound plays no part: give it as `voice` to keep its speaker.
    The largest face speaks.
    """

    text: Annotated[str | None, About("What to say. Without a text, sounds of speech follow the lips.", "TEXT", or_file=True)] = (
        field(default=None, kw_only=False)
    )
    fit: Annotated[
        FitMode | None,
        About(
            "If the text takes over a quarter longer or shorter than the lips move: speak faster or slower, keep the rate and "
            "pause, leave words out, or refuse (default: rate for a long text, pause for a short one).",
            "rate|pause|trim|refuse",
        ),
    ] = None

    def check(self) -> None:
        super().check()
        check_fit(self.fit, DUB_FITS, "dub")
        if self.text is not None:
            refuse_empty_text(self.text)


@dataclass(frozen=True, kw_only=True)
class Retell(Sampled, Drawn, FaceChoice, Spoken, Filmed):
    """The person in a video says something else, in the voice of the video.

    Speech and mouth are generated, everything else is as filmed. A silent video gets the model's own voice, with a warning.
    """

    has_own_sound: ClassVar[bool] = True
    fit: Annotated[
        FitMode | None,
        About(
            "If video and speech differ in length: speak faster or slower, pause until the video ends, leave out sentences, play "
            "the picture back and forth, or refuse (default: the video is made as long as the speech).",
            "rate|pause|trim|loop|refuse",
        ),
    ] = None

    def check(self) -> None:
        super().check()
        check_fit(self.fit, get_args(FitMode), "retell")


@dataclass(frozen=True, kw_only=True)
class Edit(Sampled, Drawn, FaceChoice, Inputs):
    """Other words in a video or recording; only that stretch of sound and mouth is new.

    Outside the stretch the samples (averaged over channels, at the file's own rate) and the frames are the recording's own. Where
    the new words take longer or shorter, what follows moves, and frames in the stretch are held or left out.
    """

    recording: Annotated[
        FilePath,
        About(
            "A video of a person, or a sound file.",
            "VIDEO|SOUND",
            option="video",
            alias="recording",
            file="recording",
            holds="sound",
        ),
    ] = field(kw_only=False)
    change: Annotated[
        tuple[str, str] | None,
        About('Words that are said exactly once, and what replaces them ("" removes them).', "WORDS"),
    ] = None
    from_s: Annotated[float | None, About("Instead of old words: where the time span starts, s.", "S", option="from")] = None
    to_s: Annotated[float | None, About("Where it ends, s.", "S", option="to")] = None
    text: Annotated[str | None, About("What replaces the time span.", "TEXT")] = None
    transcript: Annotated[
        str | None, About("All that is said in the recording (default: Whisper transcribes it; needs the extra eval).", "TEXT")
    ] = None
    picture: Annotated[bool | None, About("Whether to make a video; by default, of a video.", hidden=True)] = None

    def check(self) -> None:
        super().check()
        span = self.from_s is not None or self.to_s is not None
        if self.change is None and not (span and self.text is not None):
            raise UserError("Nothing says what to change.", 'Give --change "old words" "new words", or --from, --to and --text.')
        if self.change is not None and (span or self.text is not None):
            raise UserError("Both --change and a time span with --text are given.", "Give one of them.")
        if self.change is not None and not any(map(str.isalnum, self.change[0])):
            raise UserError("The words to change have no letters.", "Give words that are said in the recording.")
        if self.transcript is not None and not any(map(str.isalnum, self.transcript)):
            raise UserError("The transcript has no words.", "Give all that is said, or leave it away.")
        for name, time_s in (("from", self.from_s), ("to", self.to_s)):
            if time_s is not None and not 0 <= time_s < float("inf"):
                raise UserError(f"--{name} is {time_s:g}, but it must be a second of the recording.", "Choose another value.")
        if self.to_s is not None and not (self.from_s or 0) < self.to_s:
            raise UserError(
                f"The time span from {self.from_s or 0:g} s to {self.to_s:g} s is empty.", "Let it end later than it begins."
            )


@dataclass(frozen=True, kw_only=True)
class Tts(Sampled, Spoken):
    """A text becomes speech."""


@dataclass(frozen=True, kw_only=True)
class Reenact(Framed, FaceChoice, Portrait):
    """A portrait moves as the person in a video does; the video's sound is kept."""

    driving: Annotated[
        FilePath,
        About(
            "A video of one person, or motion saved by --save-motion (.npz; with LivePortrait also .pkl templates).",
            "VIDEO|MOTION",
            file="driving video",
        ),
    ] = field(kw_only=False)
    renderer: Annotated[
        RendererName, About("What tracks and draws the face. liveportrait needs `jamflow weights pull liveportrait`.", "NAME")
    ] = "mesh"
    absolute: Annotated[bool, About("Take over the driving face itself, not its difference from rest.")] = False
    region: Annotated[Region, About("What moves: all, the expression, the pose, the lips or the eyes.", "NAME")] = "all"
    strength: Annotated[float, About("How much: 1 is as in the driving video, 0.5 is half of it.", "X", low=0.0, high=3.0)] = 1.0
    eyes: Annotated[bool, About("Open and close the eyes as far as the driving face does (liveportrait).")] = False
    lips: Annotated[bool, About("Open and close the lips as far as the driving face does (liveportrait).")] = False
    close_lips: Annotated[bool, About("Shut the portrait's lips first (liveportrait).")] = False
    no_stitching: Annotated[bool, About("Let the shoulders move with the head (liveportrait).")] = False
    landmarks: Annotated[
        LandmarksName,
        About("What crops the portrait (liveportrait). insightface is for non-commercial research only.", "NAME"),
    ] = "mesh"

    def check(self) -> None:
        super().check()
        if Path(self.driving).suffix.lower() not in (".npz", ".pkl"):
            from jamflow.media.video_reader import refuse_without  # PyAV, which takes a while

            refuse_without(self.driving, "driving video", "picture")
        own = self.eyes or self.lips or self.close_lips or self.no_stitching or self.landmarks != "mesh"
        if own and self.renderer != "liveportrait":
            raise UserError("Stitching, retargeting and landmarks are LivePortrait's.", "Use the renderer liveportrait.")


@dataclass(frozen=True)
class Task:
    """One row.

    Attributes:
        name: of the command, and of the module that has its function `make`.
        inputs: what it is given.
        speech, motion: what the model does with each stream.
        saves: the suffixes that its result can be saved as, the usual one first.
        sound_alone: it can be given sound without a picture.
        saves_motion: whether the command line offers `--save-motion`.
    """

    name: str
    inputs: type[Inputs]
    speech: Role
    motion: Role
    saves: tuple[str, ...] = (".mp4",)
    sound_alone: bool = False
    saves_motion: bool = False

    @property
    def generates(self) -> bool:
        """Whether a model is needed at all."""
        return "generated" in (self.speech, self.motion)

    @property
    def needs_motion(self) -> bool:
        """Whether the model must have a trained motion stream, whatever is given."""
        return self.motion != "absent" and not self.sound_alone

    @property
    def summary(self) -> str:
        """One sentence for people."""
        return (self.inputs.__doc__ or "").strip().splitlines()[0]


TASKS = {
    task.name: task
    for task in (
        Task("speak", Speak, speech="generated", motion="generated"),
        Task("animate", Animate, speech="given", motion="generated"),
        Task("lipsync", Lipsync, speech="given", motion="generated"),
        Task("dub", Dub, speech="generated", motion="given", saves=(".mp4", ".mkv", *SOUND_SUFFIXES)),
        Task("retell", Retell, speech="generated", motion="generated"),
        Task("edit", Edit, speech="generated", motion="generated", saves=(".mp4", *SOUND_SUFFIXES), sound_alone=True),
        Task("tts", Tts, speech="generated", motion="absent", saves=SOUND_SUFFIXES),
        Task("reenact", Reenact, speech="absent", motion="given", saves_motion=True),
    )
}


def task_of(inputs: Inputs) -> Task:
    """The row whose inputs these are."""
    return next(task for task in TASKS.values() if task.inputs is type(inputs))
