"""An articulatory model: phoneme times to the motion of six lip points.

Every phoneme has a target for four gestures (opening, width, protrusion, lower-lip tuck) and a dominance: how strongly and how
widely the target acts. A gesture is the dominance-weighted mean of nearby targets (Cohen and Massaro 1993), so vowels colour
their consonants and short vowels undershoot. The closure of /p b m/ is a constraint, not a mean: the lips always close.

The lips lead the sound. In running speech the mouth tells most about the sound 0.12 s later (Bregler and Konig 1994), and it
opens 0.1 to 0.3 s before the voice begins (Chandrasekaran et al. 2009). The lead is smaller where lips touch lips or teeth,
because the contact itself is heard, and at the end of speech, because the mouth shuts after the sound. It falls quickly before
such a place and recovers slowly after it.

Shapes: T frames, 6 lip points (right corner, left corner, inner upper, inner lower, outer upper, outer
lower), 3 = x right, y up, z to the viewer, in canonical centimetres from the closed neutral mouth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jamflow.text.phonemes import PUNCTUATION, SILENCE, STRESS

Phones = Sequence[tuple[str, float, float]]

# opening (cm between the inner lips), width (cm per corner, negative is rounded), protrusion (cm), tuck (0..1),
# dominance (how strongly the target acts).
_TARGETS: dict[str, tuple[float, float, float, float, float]] = {
    "ɑ": (1.25, 0.00, 0.00, 0, 1.0),
    "a": (1.20, 0.05, 0.00, 0, 1.0),
    "æ": (1.15, 0.15, 0.00, 0, 1.0),
    "ɐ": (0.80, 0.00, 0.00, 0, 0.8),
    "ʌ": (0.80, 0.00, 0.00, 0, 0.9),
    "ɔ": (1.00, -0.25, 0.25, 0, 1.0),
    "ɒ": (1.05, -0.20, 0.20, 0, 1.0),
    "ɛ": (0.80, 0.12, 0.00, 0, 0.9),
    "ɜ": (0.60, -0.10, 0.12, 0, 0.9),
    "ə": (0.50, 0.00, 0.00, 0, 0.5),
    "ᵊ": (0.40, 0.00, 0.00, 0, 0.4),
    "ᵻ": (0.42, 0.08, 0.00, 0, 0.5),
    "ɪ": (0.52, 0.15, 0.00, 0, 0.8),
    "i": (0.42, 0.28, -0.02, 0, 1.0),
    "u": (0.30, -0.50, 0.45, 0, 1.2),
    "ʊ": (0.42, -0.32, 0.30, 0, 1.0),
    "p": (0.0, 0.0, 0.0, 0, 1.2),
    "b": (0.0, 0.0, 0.0, 0, 1.2),
    "m": (0.0, 0.0, 0.0, 0, 1.2),
    "f": (0.12, 0.05, 0.0, 1, 1.6),
    "v": (0.12, 0.05, 0.0, 1, 1.5),
    "w": (0.18, -0.55, 0.50, 0, 1.5),
    "ʍ": (0.18, -0.55, 0.50, 0, 1.5),
    "ɹ": (0.35, -0.25, 0.28, 0, 0.8),
    "ʃ": (0.28, -0.22, 0.35, 0, 1.2),
    "ʒ": (0.28, -0.22, 0.35, 0, 1.2),
    "ʧ": (0.26, -0.22, 0.35, 0, 1.2),
    "ʤ": (0.26, -0.22, 0.33, 0, 1.2),
    "s": (0.18, 0.12, 0.0, 0, 1.1),
    "z": (0.18, 0.12, 0.0, 0, 1.0),
    "θ": (0.32, 0.05, 0.0, 0, 0.9),
    "ð": (0.32, 0.03, 0.0, 0, 0.8),
    "t": (0.28, 0.04, 0.0, 0, 0.6),
    "d": (0.30, 0.03, 0.0, 0, 0.6),
    "n": (0.32, 0.02, 0.0, 0, 0.5),
    "T": (0.34, 0.0, 0.0, 0, 0.4),
    "ɾ": (0.34, 0.0, 0.0, 0, 0.4),
    "l": (0.45, 0.02, 0.0, 0, 0.5),
    "k": (0.42, 0.0, 0.0, 0, 0.35),
    "ɡ": (0.42, 0.0, 0.0, 0, 0.35),
    "ŋ": (0.40, 0.0, 0.0, 0, 0.35),
    "h": (0.50, 0.0, 0.0, 0, 0.15),
    "j": (0.34, 0.22, 0.0, 0, 0.7),
    "ʔ": (0.45, 0.0, 0.0, 0, 0.1),
}
_DIPHTHONGS = {
    "A": (("ɛ", 0.55), ("i", 0.45)),
    "I": (("a", 0.6), ("ɪ", 0.4)),
    "O": (("ɔ", 0.5), ("u", 0.5)),
    "Q": (("ɜ", 0.5), ("ʊ", 0.5)),
    "W": (("a", 0.55), ("ʊ", 0.45)),
    "Y": (("ɔ", 0.55), ("ɪ", 0.45)),
}
_BILABIAL = frozenset("pbm")
_CONTACT = frozenset("pbmfv")
_SHORT_PAUSE_S = 0.06  # the lips stay open in a shorter pause
_OPEN_S, _REST_S = 0.03, 0.11  # before and after a sound: lips may be open until the one, and are shut from the other on
_LEAD_FALL = 0.5  # seconds of lead per second before a contact: the sounds before it last longer on the lips
_LEAD_RISE = 0.25  # the same after a contact; far below 1, or the lips would jerk through the sounds that follow
_REST = (0.0, 0.0, 0.0, 0.0, 1.6)  # a pause: the lips close
_PAUSE = frozenset(SILENCE + PUNCTUATION)


@dataclass(frozen=True)
class Style:
    """How a speaker articulates. The default is the style of `mini`."""

    amplitude: float = 1.0
    width: float = 1.0
    protrusion: float = 1.0
    upper_share: float = 0.22  # of the opening, made by the upper lip
    lead_s: float = 0.14  # the usual lead of the lips over the sound
    contact_lead_s: float = 0.06  # at the beginning of /p b m f v/
    release_lead_s: float = 0.04  # and at their end
    onset_lead_s: float = 0.10  # at the first sound after a pause
    spread_s: float = 0.045  # reach of a gesture beyond its own phoneme
    smile: float = 0.0  # cm, corners outwards and up, all the time
    asymmetry: float = 0.0  # -1..1, how much more the right side opens


def random_style(rng: np.random.Generator) -> Style:
    """A random style, for augmentation."""
    return Style(
        amplitude=float(rng.uniform(0.7, 1.25)),
        width=float(rng.uniform(0.6, 1.3)),
        protrusion=float(rng.uniform(0.6, 1.3)),
        upper_share=float(rng.uniform(0.12, 0.3)),
        lead_s=float(rng.uniform(0.10, 0.18)),
        contact_lead_s=float(rng.uniform(0.04, 0.07)),
        release_lead_s=float(rng.uniform(0.02, 0.05)),
        onset_lead_s=float(rng.uniform(0.05, 0.14)),
        spread_s=float(rng.uniform(0.035, 0.06)),
        smile=float(rng.uniform(-0.05, 0.12)),
        asymmetry=float(rng.uniform(-0.12, 0.12)),
    )


def articulate(
    phones: Phones, duration_s: float, fps: float, style: Style | None = None, loudness: np.ndarray | None = None
) -> np.ndarray:
    """Phoneme times to lip motion.

    Args:
        phones: (symbol, start in seconds, end in seconds), in order.
        duration_s: length of the clip; the result has round(duration_s * fps) frames, frame k at k / fps.
        style: how the speaker articulates; None is the default style.
        loudness: (T,) in [0, 1], 0 is silence. Faint vowels open a little less, and the lips close where the sound has died away
            inside a long last phoneme.

    Returns:
        (T, 6, 3) float32, centimetres.
    """
    style = style or Style()
    n = round(duration_s * fps)
    time_s = _ahead(phones, np.arange(n) / fps, style)
    g = _gestures(phones, time_s, style)
    opening, width, protrusion, tuck = g.T
    if loudness is not None:
        loudness = np.interp(time_s * fps, np.arange(n), loudness)
        opening = opening * (0.8 + 0.3 * loudness) * np.clip(loudness / 0.08, 0, 1)
    opening = opening * style.amplitude * (1 - _closure(phones, time_s))
    return _lips(opening, width * style.width, protrusion * style.protrusion, tuck, style)


def shut(phones: Phones, frames: int, fps: float) -> np.ndarray:
    """(T,) in [0, 1]: how far the lips must be shut, whatever else they do: wholly for /p b m/, and in pauses, which they leave
    and enter within a tenth of a second."""
    time_s = np.arange(frames) / fps
    away = np.full(frames, np.inf)  # from the nearest sound
    for symbol, start, end in phones:
        if symbol not in _PAUSE and symbol != " ":
            away = np.minimum(away, np.maximum(np.maximum(start - time_s, time_s - end), 0))
    resting = np.clip((away - _OPEN_S) / (_REST_S - _OPEN_S), 0, 1)
    return np.maximum(_closure(phones, _ahead(phones, time_s, Style())), resting)


def _ahead(phones: Phones, time_s: np.ndarray, style: Style) -> np.ndarray:
    """(T,) time in the sound, in seconds, that the lips form at `time_s`; never decreasing."""
    leads = []
    for symbol, start, end in phones:
        if symbol in _CONTACT:
            leads += [(start, style.contact_lead_s), (end, style.release_lead_s)]
        elif symbol in _PAUSE and end - start > _SHORT_PAUSE_S:
            n = 2 + int((end - start) / _SHORT_PAUSE_S)
            leads += zip(np.linspace(start, end, n), np.linspace(0.0, style.onset_lead_s, n), strict=True)
    if not leads:
        return time_s + style.lead_s
    place, least = np.array(leads).T
    heard_s = np.arange(time_s[0] - 1, time_s[-1] + 1, 0.005)
    since = heard_s[:, None] - place
    lead = (least + np.maximum(_LEAD_RISE * since, -_LEAD_FALL * since)).min(1)
    return np.interp(time_s, heard_s - np.minimum(lead, style.lead_s), heard_s)


def _segments(phones: Phones) -> list[tuple[tuple[float, float, float, float, float], float, float]]:
    """Targets with start and end. A diphthong has two; a word space has none, and its neighbours fill its time."""
    out = []
    for symbol, start, end in phones:
        base = symbol[-1]
        stress = 1.12 if symbol[0] == STRESS[0] else 1.0
        if symbol in _PAUSE:
            if end - start > _SHORT_PAUSE_S:
                out.append((_REST, start, end))
            continue
        for part, share in _DIPHTHONGS.get(base, ((base, 1.0),)):
            if part not in _TARGETS:
                continue
            opening, *rest = _TARGETS[part]
            middle = start + share * (end - start)
            out.append(((opening * stress, *rest), start, middle))
            start = middle
    return out


def _gestures(phones: Phones, time_s: np.ndarray, style: Style) -> np.ndarray:
    """(T, 4): opening, width, protrusion, tuck."""
    segments = _segments(phones)
    if not segments:
        return np.zeros((len(time_s), 4))
    targets = np.array([s[0] for s in segments])
    start, end = np.array([s[1] for s in segments]), np.array([s[2] for s in segments])
    outside = np.maximum(np.maximum(start[None] - time_s[:, None], time_s[:, None] - end[None]), 0)
    weight = targets[:, 4] * np.exp(-((outside / style.spread_s) ** 1.3))
    weight = weight + 1e-9
    return weight @ targets[:, :4] / weight.sum(1, keepdims=True)


def _closure(phones: Phones, time_s: np.ndarray) -> np.ndarray:
    """(T,) in [0, 1]: 1 where /p b m/ hold the lips shut, with a ramp on both sides.

    The hold is at least a frame long, so that at 25 fps no closure falls between two frames.
    """
    shut = np.zeros(len(time_s))
    for symbol, start, end in phones:
        if symbol not in _BILABIAL:
            continue
        middle, half = (start + min(end, start + 0.12)) / 2, max(0.022, (min(end, start + 0.12) - start) / 2 - 0.01)
        away = np.maximum(np.abs(time_s - middle) - half, 0)
        shut = np.maximum(shut, 0.5 + 0.5 * np.cos(np.pi * np.minimum(away / 0.06, 1)))
    return shut


def _lips(opening: np.ndarray, width: np.ndarray, protrusion: np.ndarray, tuck: np.ndarray, style: Style) -> np.ndarray:
    """Gestures to the six points (T, 6, 3): how jaw and lips move when the mouth opens, spreads, rounds or bites."""
    e = np.zeros((len(opening), 6, 3))
    right, left, upper_in, lower_in, upper_out, lower_out = range(6)
    up, tuck = style.upper_share, np.clip(tuck, 0, 1)
    opening = np.maximum(opening, 0)
    e[:, upper_in, 1] = up * opening + 0.05 * tuck
    e[:, lower_in, 1] = -(1 - up) * opening + 0.05 * tuck
    e[:, upper_out, 1] = 0.7 * up * opening + 0.06 * tuck + 0.08 * protrusion
    e[:, lower_out, 1] = -(1 - up) * 0.97 * opening + 0.12 * tuck - 0.08 * protrusion
    e[:, lower_in, 2] = -0.14 * opening - 0.22 * tuck
    e[:, lower_out, 2] = -0.18 * opening - 0.15 * tuck
    e[:, [upper_in, lower_in, upper_out, lower_out], 2] += protrusion[:, None]
    for corner, side in ((right, -1), (left, 1)):
        gain = 1 - side * style.asymmetry
        e[:, corner, 0] = side * gain * (width - 0.10 * opening + style.smile)
        e[:, corner, 1] = gain * (-0.28 * opening + 0.15 * np.maximum(width, 0) + 0.6 * style.smile)
        e[:, corner, 2] = 0.4 * protrusion - 0.25 * np.maximum(width, 0) - 0.05 * opening
    return e.astype(np.float32)
