"""What each command does. Heavy imports wait inside until the command line is known to be right."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jamflow.app.checks import check_dub, check_edit, check_face, check_given, check_motion, check_speech, checked_text
from jamflow.app.options import Animate, Demo, Dub, Edit, Lipsync, Reenact, Retell, Speak, Tts
from jamflow.app.progress import Progress
from jamflow.media.files import existing_file, output_file
from jamflow.weights.shipped import asset

if TYPE_CHECKING:
    from jamflow.face.liveportrait.renderer import Options as LivePortraitOptions
    from jamflow.pipeline import JamFlow, Result

_HELLO = (
    "Hello! I am a photograph, and this is the first time that I speak. "
    "My voice and my face were made together, by one small model, on your own computer."
)


def speak(options: Speak) -> dict[str, Any]:
    """Makes the video; returns what ``Result.save`` says about it."""
    text = checked_text(options)
    check_face(options.face)
    speech = _speech_arguments(options)
    output = output_file(options.output, ".mp4")

    from jamflow.media.image import read_image

    portrait = read_image(options.portrait)
    return _make(
        options.model,
        output,
        lambda model: model.speak(portrait, text, still=options.still, face=options.face, **speech),
    )


def tts(options: Tts) -> dict[str, Any]:
    """Makes the sound file; returns what ``Result.save`` says about it."""
    text = checked_text(options)
    speech = _speech_arguments(options)
    return _make(options.model, output_file(options.output, ".wav"), lambda model: model.tts(text, **speech))


def animate(options: Animate) -> dict[str, Any]:
    """Makes the video; returns what ``Result.save`` says about it."""
    check_face(options.face)
    check_given(options)
    output = output_file(options.output, ".mp4")

    from jamflow.media.image import read_image

    portrait = read_image(options.portrait)
    arguments = {"seed": options.seed, "nfe": options.nfe, "still": options.still, "face": options.face}
    return _make(options.model, output, lambda model: model.animate(portrait, options.speech, **arguments))


def lipsync(options: Lipsync) -> dict[str, Any]:
    """Makes the video; returns what ``Result.save`` says about it."""
    check_face(options.face)
    check_given(options)
    existing_file(options.video, "video")
    output = output_file(options.output, ".mp4")
    arguments = {"seed": options.seed, "nfe": options.nfe, "face": options.face, "fit": options.fit}
    return _make(options.model, output, lambda model: model.lipsync(options.video, options.speech, **arguments))


def retell(options: Retell) -> dict[str, Any]:
    """Makes the video; returns what ``Result.save`` says about it."""
    text = checked_text(options)
    check_face(options.face)
    speech = _speech_arguments(options)
    existing_file(options.video, "video")
    output = output_file(options.output, ".mp4")
    arguments = {"face": options.face, "fit": options.fit, **speech}
    return _make(options.model, output, lambda model: model.retell(options.video, text, **arguments))


def edit(options: Edit) -> dict[str, Any]:
    """Makes the video or sound file; returns what ``Result.save`` says about it."""
    check_edit(options)
    check_face(options.face)
    sound = options.output.suffix.lower() == ".wav"
    output = output_file(options.output, ".wav" if sound else ".mp4")
    old, new = options.change or ("", options.text)
    arguments = {
        "old": old,
        "from_s": options.from_s,
        "to_s": options.to_s,
        "transcript": options.transcript or None,
        "picture": not sound,
        "seed": options.seed,
        "nfe": options.nfe,
        "face": options.face,
    }
    return _make(options.model, output, lambda model: model.edit(options.video, new, **arguments))


def dub(options: Dub) -> dict[str, Any]:
    """Makes the video, or its sound; returns what ``Result.save`` says about it."""
    text = checked_text(options) if options.text or options.text_file else None
    check_dub(options)
    arguments = {
        "voice": options.voice,
        "voice_text": options.voice_text or None,
        "seed": options.seed,
        "nfe": options.nfe,
        "fit": options.fit,
    }
    return _make(options.model, options.output, lambda model: model.dub(options.video, text, **arguments))


def reenact(options: Reenact) -> dict[str, Any]:
    """Makes the video; returns what ``Result.save`` says about it."""
    check_face(options.face)
    check_motion(options)
    output = output_file(options.output, ".mp4")

    from jamflow.media.image import read_image

    portrait = read_image(options.portrait)  # refused before the weights are loaded
    with Progress(sys.stderr) as progress:
        progress.say("Loading")
        from jamflow.face.motion import Transfer
        from jamflow.tasks.reenact import reenact

        progress.say("Tracking the driving video")
        transfer = Transfer(not options.absolute, options.region, options.strength)
        result = reenact(
            portrait,
            options.driving,
            renderer=options.renderer,
            transfer=transfer,
            face=options.face,
            options=_liveportrait(options),
            landmarks=options.landmarks,
        )
        if options.save_motion:
            result.save_motion(options.save_motion)
        return result.save(output, progress=progress)


def _liveportrait(options: Reenact) -> "LivePortraitOptions | None":
    """What is for LivePortrait alone; None where nothing of it was asked for."""
    if not (options.eyes or options.lips or options.close_lips or options.no_stitching):
        return None
    from jamflow.face.liveportrait.renderer import Options

    return Options(not options.no_stitching, options.eyes, options.lips, options.close_lips)


def demo(options: Demo) -> dict[str, Any]:
    """``speak`` with the portrait in the package and a text of its own."""
    return speak(Speak(portrait=asset("portraits/astronaut.png"), text=_HELLO, output=options.output))


def _speech_arguments(options: Speak | Tts | Retell) -> dict[str, Any]:
    check_speech(options)
    return {
        "voice": options.voice,
        "voice_text": options.voice_text or None,
        "seed": options.seed,
        "nfe": options.nfe,
        "speed": options.speed,
    }


def _make(name: str, output: Path, generate: "Callable[[JamFlow], Result]") -> dict[str, Any]:
    with Progress(sys.stderr) as progress:
        progress.say("Loading the model")
        from jamflow.pipeline import JamFlow

        model = JamFlow.load(name)
        progress.say("Preparing")
        return generate(model).save(output, progress=progress)
