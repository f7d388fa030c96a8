"""A voice that is a video: how the lips of who speaks in it move, for the part of it that the model continues."""

from fractions import Fraction
from pathlib import Path

import torch

from jamflow.errors import UserError
from jamflow.face.renderer import Tracker
from jamflow.footage.video import Footage, open_footage
from jamflow.media.video_reader import has_video, stream_sound
from jamflow.reading.reader import VoiceLips
from jamflow.speech.voice import Lips


def voice_lips(path: str | Path, tracker: Tracker, fps: Fraction) -> VoiceLips | None:
    """None where the file has sound alone. What is returned goes through no more of the video than it needs.

    A voice can be spoken in without its lips, so a picture that cannot be read or shows no face is as good as none.
    """
    if not has_video(path):
        return None

    def lips(start_s: float, count: int) -> Lips | None:
        from_s = next(stream_sound(path)).start_s + Fraction(start_s).limit_denominator(1_000_000)
        try:
            footage = open_footage(path, tracker, span_s=(from_s, from_s + count / fps))
        except UserError:
            return None
        return footage_lips(footage, tracker, fps, from_s, count)

    return lips


def footage_lips(footage: Footage, tracker: Tracker, fps: Fraction, from_s: Fraction, count: int) -> Lips:
    """Of `count` motion frames from a second of the file's time on."""
    mouth_tc, clue_tc = (torch.from_numpy(x) for x in footage.lips(tracker, fps, count, from_s))
    return Lips(mouth_tc, torch.from_numpy(footage.seen_t(fps, count, from_s)), clue_tc)
