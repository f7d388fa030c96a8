"""A voice that is a video: the speaker's lips, for the part of it that the model continues."""

from fractions import Fraction
from pathlib import Path

import torch

from jamflow.errors import UserError
from jamflow.face.renderer import Tracker
from jamflow.footage.video import Footage, open_footage
from jamflow.media.video_reader import has_video, stream_sound
from jamflow.sampling.utterance import Lips
from jamflow.voices.reader import VoiceLips


def voice_lips(path: str | Path, tracker: Tracker, fps: Fraction) -> VoiceLips | None:
    """A function that tracks the lips of a video where it is asked to; None if the file has only sound.

    A voice works without lips, too: if the picture cannot be read or shows no face, the function returns None.
    """
    if not has_video(path):
        return None

    def lips(start_s: float, count: int) -> Lips | None:
        from_s = _in_the_file_s(path, start_s)
        try:
            footage = open_footage(path, tracker, span_s=(from_s, from_s + count / fps))
        except UserError:
            return None
        return _lips(footage, tracker, fps, from_s, count)

    return lips


def own_lips(footage: Footage, tracker: Tracker, fps: Fraction) -> VoiceLips:
    """The same for a video that is already open and whose own sound is the voice."""

    def lips(start_s: float, count: int) -> Lips:
        return _lips(footage, tracker, fps, _in_the_file_s(footage.path, start_s), count)

    return lips


def _in_the_file_s(path: str | Path, start_s: float) -> Fraction:
    """A second of the sound as a time of the file."""
    return next(stream_sound(path)).start_s + Fraction(start_s).limit_denominator(1_000_000)


def _lips(footage: Footage, tracker: Tracker, fps: Fraction, from_s: Fraction, count: int) -> Lips:
    """Lips for `count` motion frames from a time of the file on."""
    mouth_tc, clue_tc = (torch.from_numpy(x) for x in footage.lips(tracker, fps, count, from_s))
    return Lips(mouth_tc, torch.from_numpy(footage.seen_t(fps, count, from_s)), clue_tc)
