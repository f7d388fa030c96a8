"""A voice that is a video: how the lips of who speaks in it move, for the part of it that the model continues."""

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
    """None where the file has sound alone. What is returned goes through no more of the video than it needs.

    A voice can be spoken in without its lips, so a picture that cannot be read or shows no face is as good as none.
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
    """Of a video that is open already, where its own sound is the voice."""

    def lips(start_s: float, count: int) -> Lips:
        return _lips(footage, tracker, fps, _in_the_file_s(footage.path, start_s), count)

    return lips


def _in_the_file_s(path: str | Path, start_s: float) -> Fraction:
    """When a second of the sound is heard, in the file's time."""
    return next(stream_sound(path)).start_s + Fraction(start_s).limit_denominator(1_000_000)


def _lips(footage: Footage, tracker: Tracker, fps: Fraction, from_s: Fraction, count: int) -> Lips:
    """Of `count` motion frames from a second of the file's time on."""
    mouth_tc, clue_tc = (torch.from_numpy(x) for x in footage.lips(tracker, fps, count, from_s))
    return Lips(mouth_tc, torch.from_numpy(footage.seen_t(fps, count, from_s)), clue_tc)
