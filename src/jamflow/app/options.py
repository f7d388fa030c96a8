"""Options of the command line that are not inputs of a task: what runs it, where it goes, and the other commands."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from jamflow.errors import UserError
from jamflow.tasks.inputs import About, Inputs

# As in `loading.model` and `loading.f5`, which import torch.
Precision = Literal["float32", "bfloat16"]
F5Name = Literal["F5TTS_v1_Base", "F5TTS_Base", "F5TTS_v1_Small"]


@dataclass(frozen=True, kw_only=True)
class Run(Inputs):
    """How a command reports."""

    json: Annotated[bool, About("Print one JSON object with what was made.")] = False
    debug: Annotated[bool, About("Show where in the code it failed, if it fails.")] = False


@dataclass(frozen=True, kw_only=True)
class Output(Inputs):
    """Where the result goes."""

    output: Annotated[Path, About("The file to make.", "OUT")]

    @property
    def files(self) -> tuple[Path, ...]:
        """All that is made."""
        return (self.output,)


@dataclass(frozen=True, kw_only=True)
class MotionOutput(Output):
    """Where the result and its motion go."""

    save_motion: Annotated[
        Path | None, About("Also save the motion, to use it again as --driving (with LivePortrait also .pkl).", "OUT.npz")
    ] = None

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.output,) if self.save_motion is None else (self.output, self.save_motion)


@dataclass(frozen=True, kw_only=True)
class ModelChoice(Inputs):
    """Which model, and where it computes."""

    model: Annotated[
        str,
        About(
            "mini; base, F5-TTS's official weights (non-commercial; `jamflow weights pull f5`); base-v0, its older ones; or the "
            "folder of a model (default: mini).",
            "NAME|FOLDER",
        ),
    ] = "mini"
    device: Annotated[str | None, About("cpu or cuda (default: a GPU where there is one).", "NAME")] = None
    dtype: Annotated[Precision, About("bfloat16 needs half the memory (default: float32).")] = "float32"
    compile: Annotated[
        bool, About("Compile the model: it starts minutes later and is faster from then on. For --batch on a GPU.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class Demo(Inputs):
    """The portrait that ships with JAM-Flow says hello."""

    output: Annotated[Path, About("The video to make (default: demo.mp4).", "OUT.mp4")] = Path("demo.mp4")


@dataclass(frozen=True, kw_only=True)
class Voices(Inputs):
    """The voices that `--voice` knows by name; --hear makes one say who it is."""

    hear: Annotated[str | None, About("The voice to hear.", "NAME")] = None
    output: Annotated[Path | None, About("The sound file to make with --hear (default: NAME.wav).", "OUT.wav")] = None

    def check(self) -> None:
        super().check()
        if self.output is not None and self.hear is None:
            raise UserError("--output is given without --hear.", "Give the name of a voice.")


@dataclass(frozen=True, kw_only=True)
class Doctor(Inputs):
    """Tell what is installed, what is missing and how to get it."""


@dataclass(frozen=True, kw_only=True)
class Init(Inputs):
    """Make `base` with untrained motion: it speaks as F5-TTS does, and moves no lips. docs/training_base.md trains it."""

    size: Annotated[Literal["base"], About("The size to make.", "base", positional=True)]
    source: Annotated[
        str,
        About(
            "f5, the official F5TTS_v1_Base (`jamflow weights pull f5`), or a checkpoint file with its --kind.",
            "f5|CHECKPOINT",
            option="from",
        ),
    ]
    output: Annotated[Path, About("Where to put joint.safetensors.", "FOLDER")]
    vocab: Annotated[
        Path | None, About("The vocab.txt of a fine-tuned checkpoint that has its own.", "FILE", file="vocabulary")
    ] = None
    kind: Annotated[F5Name | None, About("The architecture of a checkpoint file.", "KIND")] = None
    mouth: Annotated[tuple[int, ...], About("Which of LivePortrait's lip key points (6 12 14 17 19 20) are generated.", "N")] = (
        14,
        17,
        19,
        20,
    )
    seed: Annotated[int, About("Of the new weights.", "N", low=0, high=2**63 - 1)] = 0


@dataclass(frozen=True, kw_only=True)
class Prepare(Inputs):
    """Make training data of raw video and sound: shards that training reads, and a report of what was kept and why not more."""

    sources: Annotated[
        tuple[str, ...],
        About(
            "Folders of GRID, LibriSpeech, VCTK, LJSpeech or of any video and sound files; single files; or CSV tables with the "
            "columns file, speaker, text, from, to, licence, origin, source_rate_hz.",
            "SOURCE",
            positional=True,
        ),
    ]
    output: Annotated[Path, About("The folder of shards. What is in it stays; what is new is added.", "SHARDS")]
    motion: Annotated[
        Literal["mesh", "liveportrait"],
        About("The motion space of the faces: that of mini (mesh, the default) or of base (liveportrait)."),
    ] = "mesh"
    face: Annotated[
        int | None,
        About("Which face to follow where there are several, from the left (default: the largest).", "N", low=1, high=1000),
    ] = None
    transcribe: Annotated[bool, About("Where no text is given, let Whisper write it down (the extra eval; English).")] = False
    licence: Annotated[str, About("The licence of what comes without one, such as CC-BY-4.0.", "NAME")] = ""
    allow_noncommercial: Annotated[
        bool,
        About("Also keep what may not be used commercially, or changed, or has no licence. It marks all models trained on it."),
    ] = False
    jobs: Annotated[int | None, About("Clips at once (default: one for each processor).", "N", low=1, high=4096)] = None
    ray: Annotated[
        str | None,
        About("Use a Ray cluster that shares this file system (the extra ray): its address, auto, or local.", "ADDRESS"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Evaluate(Inputs):
    """Make one of the paper's tables of anybody's results, with control rows, intervals and a page; docs/evaluate.md."""

    table: Annotated[
        Literal["hdtf", "librispeech", "celebv-dub", "ablation", "speed"],
        About(
            "Talking heads (hdtf), speech from text (librispeech), dubbing (celebv-dub), ablations (ablation) or speed (speed).",
            "TABLE",
            positional=True,
        ),
    ]
    pairs: Annotated[
        Path,
        About(
            "A CSV of results with the columns result, reference, text, prompt, person, system, speech, seconds, as far as the "
            "table needs them; paths are relative to it.",
            "PAIRS.csv",
            file="table",
        ),
    ]
    output: Annotated[Path, About("Where the numbers and the page go, and what makes a stopped run go on.", "FOLDER")]


@dataclass(frozen=True, kw_only=True)
class WeightsList(Inputs):
    """Which weights exist, what for, how large, under which licence, and which are here."""


@dataclass(frozen=True, kw_only=True)
class WeightsName(Inputs):
    name: Annotated[str, About("A name or group of `jamflow weights list`.", "NAME", positional=True)]


@dataclass(frozen=True, kw_only=True)
class WeightsPull(WeightsName):
    """Download published weights; says size and licence first."""


@dataclass(frozen=True, kw_only=True)
class WeightsVerify(Inputs):
    """Compare every file that is here with its published SHA-256."""


@dataclass(frozen=True, kw_only=True)
class WeightsPath(WeightsName):
    """Print where a file is or would be."""
