"""Voices that have a name: files in the folder `voices` of a model. Reading what they say of themselves needs no model."""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jamflow.errors import UserError, listed
from jamflow.media.files import existing_file

FOLDER, OWN = "voices", "voice.safetensors"  # in a model's folder; the second is the voice where none is asked for
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}")


@dataclass(frozen=True)
class NamedVoice:
    """What the file of a voice says of it.

    Attributes:
        who: "woman" or "man".
        accent: "American" or "British"; the text is read in it.
        origin: the teacher that made the voice, and what it calls it.
        licence: of the file (SPDX).
        likeness: similarity of what the model says to the teacher's own voice, 0 to 1 (Resemblyzer).
        wer: word error rate of what the model says (Whisper base).
        dnsmos: quality of what the model says, 1 to 5.
        default: whether the model speaks with it where no voice is asked for.
    """

    name: str
    path: Path
    who: str
    accent: str
    origin: str
    licence: str
    likeness: float | None = None
    wer: float | None = None
    dnsmos: float | None = None
    default: bool = False


def is_name(voice: object) -> bool:
    """Whether this may be the name of a voice: a word without dots and slashes. A `Path` is a file, and so is "./emma"."""
    return isinstance(voice, str) and _NAME.fullmatch(voice) is not None


def named_voices(folder: Path) -> dict[str, NamedVoice]:
    """The voices of a model by their names, in alphabetical order; none where the folder has none.

    Raises:
        UserError: a file is not that of a voice.
    """
    own = folder / OWN
    default = own.read_bytes() if own.is_file() else b""
    return {path.stem: _described(path, default) for path in sorted((folder / FOLDER).glob("*.safetensors"))}


def chosen_voice(voice: str | Path | None, voice_text: str | None, known: Mapping[str, NamedVoice]) -> NamedVoice | Path | None:
    """A voice by its name, or the recording of one. None is the model's own.

    A name stands before a file that is called the same; "./emma" is the file.

    Raises:
        UserError: there is neither a voice nor a file of this name, or a named voice is given what a recording says.
    """
    if voice is None:
        return None
    if isinstance(voice, str) and voice.lower() in known:
        if voice_text:
            raise UserError(f"--voice-text says what is in a recording, and {voice} is a voice of the model.", "Leave it away.")
        return known[voice.lower()]
    if is_name(voice) and not Path(voice).exists():
        hint = f"{_hint(str(voice), known)}; {'or ' if known else ''}give a recording."
        raise UserError(f"There is no voice and no file called {str(voice)!r}.", hint)
    return existing_file(voice, "voice file")


def voice_called(name: str, known: Mapping[str, NamedVoice]) -> NamedVoice:
    """A voice by its name, in capitals or not.

    Raises:
        UserError: there is none of this name; says which there are.
    """
    if name.lower() not in known:
        raise UserError(f"There is no voice called {name!r}.", f"{_hint(name, known)}.")
    return known[name.lower()]


def _hint(name: str, known: Mapping[str, NamedVoice]) -> str:
    if not known:
        return "This model has no voices with names"
    near = difflib.get_close_matches(name.lower(), known, 1)
    return f"{f'Did you mean {near[0]}? ' if near else ''}Voices are {listed(known, 'and')}"


def _described(path: Path, default: bytes) -> NamedVoice:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            about = json.loads(file.metadata()["config"])["about"]
        texts = {name: str(about.pop(name)) for name in ("who", "accent", "origin", "licence")}
        measures = {name: None if value is None else float(value) for name, value in about.items()}
        same = path.stat().st_size == len(default) and path.read_bytes() == default
        return NamedVoice(path.stem, path, **texts, **measures, default=same)  # pyright: ignore[reportArgumentType]
    except (SafetensorError, KeyError, TypeError, AttributeError, ValueError, RecursionError, OSError) as error:
        raise UserError(f"{path} is not the file of a voice with a name, or it is damaged.", "Get it again.") from error
