"""What can be said to be wrong about a command line before anything slow is loaded."""

from jamflow.app.options import Animate, Dub, Edit, Lipsync, Model, Reenact, Retell, Speak, Tts
from jamflow.errors import UserError
from jamflow.media.files import existing_file, output_file
from jamflow.text.fit import DUB_FITS, check_fit

NFE_RANGE = (1, 128)
SPEED_RANGE = (0.5, 2.0)
STRENGTH_RANGE = (0.0, 3.0)


def checked_text(options: Speak | Tts | Retell | Dub) -> str:
    """The text of --text or --text-file. UserError if there is none, both, or the file is not UTF-8 text."""
    if options.text and options.text_file:
        raise UserError("Both --text and --text-file are given.", "Give one of them.")
    text = options.text
    if options.text_file:
        path = existing_file(options.text_file, "text file")
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise UserError(f"The text file {path} is not UTF-8 text.", "Save it as plain text, UTF-8.") from error
    if not text.strip():
        raise UserError("There is no text to say.", "Give it by --text or --text-file.")
    return text


def check_speech(options: Speak | Tts | Retell) -> None:
    """UserError for a number out of its range or a voice that is not there."""
    check_model(options)
    _check_range("--speed", options.speed, *SPEED_RANGE)
    check_voice(options)


def check_voice(options: Speak | Tts | Retell | Dub) -> None:
    """UserError for a voice that is not there."""
    if options.voice:
        existing_file(options.voice, "voice file")
    elif options.voice_text:
        raise UserError("--voice-text is given without --voice.", "Give the recording too.")


def check_given(options: Animate | Lipsync) -> None:
    """UserError for a number out of its range or speech that is not there."""
    check_model(options)
    existing_file(options.speech, "sound file")


def check_edit(options: Edit) -> None:
    """UserError for a recording that is not there, or where it is not said what is to be changed."""
    check_model(options)
    existing_file(options.video, "recording")
    span = options.from_s is not None or options.to_s is not None
    if options.change is None and not (span and options.text.strip()):
        raise UserError(
            "Nothing is said about what to change.", 'Give --change "old words" "new words", or --from, --to and --text.'
        )
    if options.change is not None and (span or options.text):
        raise UserError("Both --change and a time span with --text are given.", "Give one of them.")


def check_dub(options: Dub) -> None:
    """UserError for a number out of its range, a file that is not there or cannot be made, or a --fit that means nothing."""
    check_model(options)
    check_voice(options)
    check_fit(options.fit, DUB_FITS, "dub")
    existing_file(options.video, "video")
    if options.output.suffix.lower() == ".wav":
        output_file(options.output, ".wav")
    else:
        from jamflow.media.video_copy import check_copy  # PyAV, which takes a while

        check_copy(options.output, options.video)


def check_model(options: Model) -> None:
    """UserError for a number out of its range."""
    if options.nfe is not None:
        _check_range("--nfe", options.nfe, *NFE_RANGE)
    check_seed(options.seed)


def check_seed(seed: int) -> None:
    """What random number generators take."""
    _check_range("--seed", seed, 0, 2**63 - 1)


def check_face(face: int | None) -> None:
    """Faces are counted from 1."""
    if face is not None and face < 1:
        raise UserError(f"--face is {face}, but faces are counted from 1.", "Give 1 for the leftmost.")


def check_motion(options: Reenact) -> None:
    """UserError for a driving motion that is not there, a strength out of its range or a name no motion can have."""
    existing_file(options.driving, "driving video")
    _check_range("--strength", options.strength, *STRENGTH_RANGE)
    if options.save_motion:
        # LivePortrait's own tools read .pkl, and no other renderer's motion fits in it.
        pickle = options.renderer == "liveportrait" and options.save_motion.suffix.lower() == ".pkl"
        output_file(options.save_motion, ".pkl" if pickle else ".npz")


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # false for NaN too
        raise UserError(f"{name} is {value}, but it must be from {low:g} to {high:g}.", "Choose another value.")
