"""The lip motion of a video as a condition; at rest where no face is seen."""

from pathlib import Path

import numpy as np

from jamflow.face.channels import split
from jamflow.face.renderer import Tracker
from jamflow.footage.video import Footage, open_footage
from jamflow.sampling.utterance import GivenLips


def seen_lips(video: str | Path, tracker: Tracker) -> tuple[Footage, GivenLips, list[str]]:
    """Tracks the face in a video, in one pass; also returns warnings.

    Raises:
        UserError: the file cannot be read, has no picture, or shows no face.
    """
    footage = open_footage(video, tracker)
    motion, found = footage.track.motion, footage.track.found_t
    mouth, _ = split(motion.expression_tk3 * found[:, None, None], tracker.space)
    times_s = np.array([float(t - footage.times_s[0]) for t in footage.times_s])
    warnings = [*footage.warnings, *footage.unseen_warnings("lips count as at rest there")]
    return footage, GivenLips(times_s, mouth, footage.length_s), warnings
