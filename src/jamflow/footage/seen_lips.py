"""The lip motion of a video as a condition; at rest where no mouth is seen."""

from pathlib import Path

import numpy as np

from jamflow.errors import UserError
from jamflow.face.channels import split
from jamflow.face.renderer import Tracker
from jamflow.footage.video import Footage, open_footage
from jamflow.sampling.utterance import GivenLips


def seen_lips(video: str | Path, tracker: Tracker) -> tuple[Footage, GivenLips, list[str]]:
    """Tracks the face in a video, in one pass; also returns warnings.

    Raises:
        UserError: the file cannot be read, has no picture, or shows no face or no mouth.
    """
    footage = open_footage(video, tracker)
    if not footage.mouth_seen_k.any():
        raise UserError(
            "Something is in front of the mouth in all frames of the video.", "Use a video in which the lips are seen."
        )
    seen = footage.mouth_seen_k[:, None, None]
    mouth, _ = split(footage.track.motion.expression_tk3 * seen, tracker.space)
    times_s = np.array([float(t - footage.times_s[0]) for t in footage.times_s])
    warnings = [*footage.warnings, *footage.unseen_warnings("lips count as at rest there")]
    return footage, GivenLips(times_s, mouth, footage.length_s), warnings
