"""``jamflow voices``: who can speak, and how each sounds."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from jamflow.app.commands import Job, checked, reported
from jamflow.app.options import ModelChoice, Output, Voices
from jamflow.tasks.table import TASKS, Tts
from jamflow.voices.named import NamedVoice, named_voices, voice_called
from jamflow.weights.shipped import model_folder

_SAYS = "Hello, my name is {name}. I can read to you whatever you write, for as long as you like to listen."
_NONE = "This installation has no voices with names; --voice takes a recording."
_USE = "Use one: jamflow speak --voice NAME ... Hear one: jamflow voices --hear NAME"


def run(options: Voices) -> tuple[dict[str, Any], str, int]:
    """The report as data and in words, and the exit code."""
    known = named_voices(model_folder(ModelChoice().model))
    if options.hear is None:
        rows = [asdict(voice) | {"path": str(voice.path)} for voice in known.values()]
        return {"voices": rows}, "\n".join([*map(_line, known.values()), _USE if known else _NONE]), 0
    name = voice_called(options.hear, known).name
    says = Tts(_SAYS.format(name=name.capitalize()), voice=name)
    return reported(checked(Job(TASKS["tts"], says, Output(output=options.output or Path(f"{name}.wav")), ModelChoice())))


def _line(voice: NamedVoice) -> str:
    heard = [
        f"{what} {value}"
        for what, value in (
            ("likeness", None if voice.likeness is None else f"{voice.likeness:.2f}"),
            ("wrong words", None if voice.wer is None else f"{100 * voice.wer:.1f} %"),
            ("DNSMOS", None if voice.dnsmos is None else f"{voice.dnsmos:.2f}"),
        )
        if value is not None
    ]
    name = f"{voice.name} (default)" if voice.default else voice.name
    return f"{name}: {voice.who}, {voice.accent}; {', '.join(heard) or 'not measured'}; {voice.origin} ({voice.licence})"
