"""The commands and their options. Each dataclass is one command line; tyro makes parser and help of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg, subcommand

# As in `face.motion` and `faces`, which would import numpy and torch before the command is known.
Region = Literal["all", "exp", "pose", "lip", "eyes"]
Fit = Literal["trim", "loop", "refuse"]  # `footage.retime.Fit`
RendererName = Literal["mesh", "liveportrait"]
LandmarksName = Literal["mesh", "liveportrait", "insightface"]
FitMode = Literal[
    "rate", "pause", "trim", "loop", "refuse"
]  # `reading.fit.FitMode`; what a task has no use for it refuses in words
F5Name = Literal["F5TTS_v1_Base", "F5TTS_Base", "F5TTS_v1_Small"]  # `model.f5.F5Name`


def _optional(metavar: str) -> object:
    return arg(metavar=metavar, help_behavior_hint="")  # or the help says "(default: None)"


@dataclass(frozen=True, kw_only=True)
class _Portrait:
    portrait: Annotated[Path, arg(metavar="PICTURE")]
    """A picture of a face, seen from the front."""


@dataclass(frozen=True, kw_only=True)
class _Speech:
    text: Annotated[str, _optional("TEXT")] = ""
    """What to say."""
    text_file: Annotated[Path | None, _optional("FILE")] = None
    """A UTF-8 file with what to say, instead of --text."""
    voice: Annotated[Path | None, _optional("SOUND")] = None
    """A recording of the voice to speak with, which mini learns for some seconds (default: its own, which base has not)."""
    voice_text: Annotated[str, _optional("TEXT")] = ""
    """What is said in --voice; base needs it, or Whisper (the extra eval) to hear it."""
    speed: Annotated[float, arg(metavar="X")] = 1.0
    """Speaking rate, 0.5 to 2."""


@dataclass(frozen=True, kw_only=True)
class _Given:
    speech: Annotated[Path, arg(metavar="SOUND|VIDEO")]
    """A recording of what to say, as long as you like."""


@dataclass(frozen=True, kw_only=True)
class Model:
    model: Annotated[str, arg(metavar="NAME|FOLDER")] = "mini"
    """mini; base, F5-TTS's official weights (not for commercial use; `jamflow weights pull f5`); base-v0, its older ones; or the
    folder of a model."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """The same seed gives the same result."""
    nfe: Annotated[int | None, _optional("N")] = None
    """Solver steps: more is slower and a little better (default: the model's own)."""


@dataclass(frozen=True, kw_only=True)
class _Head:
    still: bool = False
    """Keep the head still."""


@dataclass(frozen=True, kw_only=True)
class _FaceChoice:
    face: Annotated[int | None, _optional("N")] = None
    """Which face to use where there are several, counted from the left (default: the largest)."""


@dataclass(frozen=True, kw_only=True)
class Run:
    json: bool = False
    """Print one JSON object with what was made."""
    debug: bool = False
    """Show where in the code it failed, if it fails."""


@dataclass(frozen=True, kw_only=True)
class _Video:
    output: Annotated[Path, arg(aliases=["-o"], metavar="OUT.mp4")]
    """The video to make."""


@dataclass(frozen=True, kw_only=True)
class _Sound:
    output: Annotated[Path, arg(aliases=["-o"], metavar="OUT.wav")]
    """The sound file to make."""


# The order of the bases is the order of the help, last first.
@dataclass(frozen=True, kw_only=True)
class Speak(Run, _FaceChoice, _Head, _Video, Model, _Speech, _Portrait):
    """A portrait and a text become a talking video."""


@dataclass(frozen=True, kw_only=True)
class Tts(Run, _Sound, Model, _Speech):
    """A text becomes speech."""


@dataclass(frozen=True, kw_only=True)
class Animate(Run, _FaceChoice, _Head, _Video, Model, _Given, _Portrait):
    """A portrait says what is said in a recording, whose sound goes along."""


@dataclass(frozen=True, kw_only=True)
class _Footage:
    video: Annotated[Path, arg(metavar="VIDEO")]
    """A video of a person, seen from the front."""
    fit: Annotated[Fit | None, arg(metavar="trim|loop|refuse", help_behavior_hint="")] = None
    """Where video and speech differ in length: end with the shorter one, let the picture go on back and forth, or refuse
    (default: as long as the speech)."""


@dataclass(frozen=True, kw_only=True)
class Lipsync(Run, _FaceChoice, _Video, Model, _Given, _Footage):
    """The mouth of a video says what is said in a recording; all else stays."""


@dataclass(frozen=True, kw_only=True)
class _Film:
    video: Annotated[Path, arg(metavar="VIDEO")]
    """A video of a person, seen from the front."""
    fit: Annotated[FitMode | None, arg(metavar="rate|pause|trim|loop|refuse", help_behavior_hint="")] = None
    """Where video and speech differ in length: speak faster or slower, rest until the video ends, leave out sentences, let the
    picture go on back and forth, or refuse (default: as long as the speech)."""


@dataclass(frozen=True, kw_only=True)
class Retell(Run, _FaceChoice, _Video, Model, _Speech, _Film):
    """The person in a video says something else, in the voice of the video's own sound."""


@dataclass(frozen=True, kw_only=True)
class _Edited:
    video: Annotated[Path, arg(aliases=["--recording"], metavar="VIDEO|SOUND")]
    """A video of a person, or a sound file."""
    change: Annotated[tuple[str, str] | None, arg(metavar='"OLD WORDS" "NEW WORDS"', help_behavior_hint="")] = None
    """Words that are said once, and what is said instead ("" leaves them out)."""
    from_s: Annotated[float | None, arg(name="from", metavar="S", help_behavior_hint="")] = None
    """Instead of old words: from which second on,"""
    to_s: Annotated[float | None, arg(name="to", metavar="S", help_behavior_hint="")] = None
    """to which second"""
    text: Annotated[str, _optional("TEXT")] = ""
    """what is said instead."""
    transcript: Annotated[str, _optional("TEXT")] = ""
    """All that is said in the recording (default: Whisper hears it, with the extra eval)."""
    output: Annotated[Path, arg(aliases=["-o"], metavar="OUT.mp4|OUT.wav")]
    """What to make; a .wav is sound alone."""


@dataclass(frozen=True, kw_only=True)
class Edit(Run, _FaceChoice, Model, _Edited):
    """Other words in a video or recording; only that stretch of sound and mouth is made anew."""


@dataclass(frozen=True, kw_only=True)
class _Filmed:
    video: Annotated[Path, arg(metavar="VIDEO")]
    """A video of a person who speaks, of any length; the largest face counts. Its picture stays as it is."""
    text: Annotated[str, _optional("TEXT")] = ""
    """What to say; without a text, sounds of speech follow the lips."""
    text_file: Annotated[Path | None, _optional("FILE")] = None
    """A UTF-8 file with what to say, instead of --text."""
    voice: Annotated[Path | None, _optional("SOUND|VIDEO")] = None
    """A recording of the voice to speak with, which may be the video itself (default: the model's own, which base has not)."""
    voice_text: Annotated[str, _optional("TEXT")] = ""
    """What is said in --voice; base needs it, or Whisper (the extra eval) to hear it."""
    fit: Annotated[FitMode | None, _optional("rate|pause|trim|refuse")] = None
    """Where the text is over a quarter longer or shorter than the lips move: speak faster or slower, keep the usual rate and
    rest, leave words out, or refuse (default: rate for what is too long, pause for what is too short)."""


@dataclass(frozen=True, kw_only=True)
class Dub(Run, Model, _Filmed):
    """A video gets speech in time with its lips; its picture is copied."""

    output: Annotated[Path, arg(aliases=["-o"], metavar="OUT.mp4|OUT.mkv|OUT.wav")]
    """The video to make, or its sound alone."""


@dataclass(frozen=True, kw_only=True)
class _Motion:
    driving: Annotated[Path, arg(metavar="VIDEO|MOTION")]
    """A video of one person, or motion saved by --save-motion (.npz; with LivePortrait also its .pkl templates)."""
    renderer: RendererName = "mesh"
    """What tracks and draws the face; liveportrait needs `jamflow weights pull liveportrait`."""
    absolute: bool = False
    """Take over what the driving person looks like, not by how much it differs from rest."""
    region: Region = "all"
    """What moves: all, the expression, the pose, the lips or the eyes."""
    strength: Annotated[float, arg(metavar="X")] = 1.0
    """1 moves as much as in the driving video, 0.5 half as much."""
    eyes: bool = False
    """Open and close the eyes as far as the driving person's (liveportrait)."""
    lips: bool = False
    """Open and close the lips as far as the driving person's (liveportrait)."""
    close_lips: bool = False
    """Shut the portrait's lips first (liveportrait)."""
    no_stitching: bool = False
    """Let the shoulders move with the head (liveportrait)."""
    landmarks: LandmarksName = "mesh"
    """What the portrait is cropped by (liveportrait); insightface is for non-commercial research only."""
    save_motion: Annotated[Path | None, _optional("OUT.npz")] = None
    """Also save the driving motion, to use it again as --driving (with LivePortrait also .pkl, for its own tools)."""


@dataclass(frozen=True, kw_only=True)
class Reenact(Run, _Motion, _FaceChoice, _Video, _Portrait):
    """A portrait moves as the person in a video does; the video's sound goes with it."""


@dataclass(frozen=True, kw_only=True)
class Demo(Run):
    """The portrait that ships with JAM-Flow says hello."""

    output: Annotated[Path, arg(aliases=["-o"], metavar="OUT.mp4")] = Path("demo.mp4")
    """The video to make."""


@dataclass(frozen=True, kw_only=True)
class Init(Run):
    """Make `base` with untrained motion: it speaks as F5-TTS does, and moves no lips. No command trains it yet."""

    model: Annotated[Literal["base"], arg(metavar="base"), Positional]
    """The size to make."""
    source: Annotated[str, arg(name="from", metavar="f5|CHECKPOINT")]
    """f5, the official F5TTS_v1_Base (`jamflow weights pull f5`), or a checkpoint file with its --kind."""
    output: Annotated[Path, arg(aliases=["-o"], metavar="FOLDER")]
    """Where to put joint.safetensors."""
    kind: Annotated[F5Name | None, _optional("KIND")] = None
    """Which architecture a checkpoint file is of: F5TTS_v1_Base, F5TTS_Base or F5TTS_v1_Small."""
    mouth: Annotated[tuple[int, ...], arg(metavar="N ...")] = (14, 17, 19, 20)
    """Which of LivePortrait's lip key points (6 12 14 17 19 20) are generated."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Of the new weights."""


@dataclass(frozen=True, kw_only=True)
class Doctor(Run):
    """Tell what is installed, what is missing and how to get it."""


@dataclass(frozen=True, kw_only=True)
class WeightsList(Run):
    """Which weights exist, what for, how large, under which licence, and which are here."""


@dataclass(frozen=True, kw_only=True)
class _Name(Run):
    name: Annotated[str, arg(metavar="NAME", constructor=str), Positional]
    """A name or group of `jamflow weights list`."""


@dataclass(frozen=True, kw_only=True)
class WeightsPull(_Name):
    """Download weights of others; says size and licence first."""


@dataclass(frozen=True, kw_only=True)
class WeightsVerify(Run):
    """Compare every file that is here with its published SHA-256."""


@dataclass(frozen=True, kw_only=True)
class WeightsPath(_Name):
    """Print where a file is or would be."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights of others, for the model `base`."""

    action: Annotated[
        Annotated[WeightsList, subcommand("list")]
        | Annotated[WeightsPull, subcommand("pull")]
        | Annotated[WeightsVerify, subcommand("verify")]
        | Annotated[WeightsPath, subcommand("path")],
        arg(name=""),
    ]
