"""Does the mouth of a portrait do what the motion asks for, in height and in width?

The articulatory model speaks a few sentences, most of them with many "oo" and "w", and every portrait is drawn with that motion.
The drawn mouth is tracked: correlation of what is seen with what was asked, and gain, the slope of the one over the other (1: a
centimetre is seen for every centimetre). The control is what the next sentence asked. The landmark network has a mind of its own:
it sees openings under 3 mm as shut and prefers mouths of usual width, so look at the videos too; they are kept. A minute or two.
Needs the extra `dev`.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import tyro

from benchmarks.shared.clips import FPS
from benchmarks.shared.lips import track
from benchmarks.shared.options import PORTRAIT, Output
from benchmarks.shared.report import Report
from jamflow.evaluate.lips import correlation
from jamflow.face.articulation import Phones, articulate
from jamflow.face.mesh.space import CORNER_LEFT, CORNER_RIGHT, lip_opening_cm
from jamflow.face.renderer import Picture
from jamflow.face.speaking import Speaking
from jamflow.loading.renderers import load_faces
from jamflow.media.video_writer import VideoWriter
from jamflow.text.phonemes import PUNCTUATION, SILENCE, EnglishPhonemizer

OPEN_CM, PLAIN_CM, ROUND_CM = 0.3, 0.2, -0.7
LEAD_FRAMES = 4  # lips open ahead of the sound
PHONE_S, PAUSE_S = 0.085, 0.4
PAUSES = frozenset(SILENCE + PUNCTUATION)
SENTENCES = (
    "Who would choose two new blue shoes, and who would move the wooden stool?",
    "We were in the wet woods with Ruth, while you threw the fruit into the pool.",
    "Why do you whistle so soon, and do you know the news in our school?",
    "The map on the table shows me where the big family lives by the sea.",
)


@dataclass(frozen=True, kw_only=True)
class Options(Output):
    portraits: tyro.conf.Positional[list[Path]] = field(default_factory=lambda: [PORTRAIT])
    """Pictures of one face each (default: the portrait in the package)."""


@dataclass(frozen=True)
class Curves:
    """(T,) lip opening and distance of the mouth's corners, centimetres."""

    opening_t: np.ndarray
    width_t: np.ndarray


@dataclass(frozen=True)
class Spoken:
    """A sentence. mouth_tm: (T, M) mouth channels. heard_t: (T,) whether a phoneme sounds. speaking_t1: see `Motion`."""

    mouth_tm: np.ndarray
    heard_t: np.ndarray
    speaking_t1: np.ndarray

    @classmethod
    def of(cls, phones: Phones) -> "Spoken":
        """As the articulatory model speaks it."""
        mouth_t63 = articulate(phones, phones[-1][2], float(FPS))
        time_s = np.arange(len(mouth_t63)) / float(FPS)
        heard_t = np.zeros(len(time_s), bool)
        for symbol, start_s, end_s in phones:
            heard_t |= (time_s >= start_s) & (time_s < end_s) & (symbol not in PAUSES)
        return cls(mouth_t63.reshape(len(mouth_t63), -1), heard_t, Speaking(FPS).step(heard_t))

    def asked(self) -> Curves:
        mouth_t63 = self.mouth_tm.reshape(len(self.mouth_tm), -1, 3)
        return Curves(lip_opening_cm(mouth_t63), mouth_t63[:, CORNER_LEFT, 0] - mouth_t63[:, CORNER_RIGHT, 0])


def run(options: Options, report: Report) -> None:
    spoken = [Spoken.of(phones) for phones in timed_sentences()]
    asked = [sentence.asked() for sentence in spoken]
    numbers = {"r": ".3f", "gain": ".2f", "r, control": ".3f"}
    columns = {f"{what}: {name}": spec for what in ("opening", "width") for name, spec in numbers.items()}
    columns |= dict.fromkeys(("width in pauses, cm", "of open lips", "of round lips"), ".2f")
    table = report.table("What is seen against what was asked, portrait by portrait", {"portrait": "", **columns})
    faces, rows = load_faces("mesh"), []
    for path in options.portraits:
        picture, _ = faces.prepare(path, None, "head")
        videos = [report.folder / f"{path.stem}-{number}.mp4" for number in range(len(spoken))]
        for video, sentence in zip(videos, spoken, strict=True):
            draw(picture, sentence, video)
        seen = [Curves(tracked.opening_t, tracked.width_t) for tracked in map(track, videos)]
        rows.append([*scores(seen, asked, "opening_t"), *scores(seen, asked, "width_t"), *widths(seen, asked, spoken)])
        table.add(path.stem, *rows[-1])
    if len(rows) > 1:
        table.add("mean", *np.nanmean(rows, axis=0))


def timed_sentences() -> list[Phones]:
    """Every phoneme lasts equally long, so that the numbers do not change with the model."""
    phonemizer = EnglishPhonemizer()
    return [timeline([SILENCE, *phonemizer(text), SILENCE]) for text in SENTENCES]


def timeline(symbols: list[str]) -> Phones:
    ends = np.cumsum([PAUSE_S if symbol in PAUSES else PHONE_S for symbol in symbols]).tolist()
    return list(zip(symbols, [0.0, *ends[:-1]], ends, strict=True))


def draw(picture: Picture, sentence: Spoken, video: Path) -> None:
    motion = replace(picture.speaking(sentence.mouth_tm, FPS), speaking_t1=sentence.speaking_t1)
    with VideoWriter(video, *picture.size, motion.fps) as writer:
        for batch in picture.draw(motion):
            for frame in batch.numpy():
                writer.write_frame(frame)


def scores(seen: list[Curves], asked: list[Curves], name: str) -> tuple[float, float, float]:
    """Means over the sentences: correlation, gain, and correlation with the sentence that follows."""
    see, ask = ([getattr(curves, name) for curves in side] for side in (seen, asked))
    following = ask[1:] + ask[:1]
    own = [correlation(a, b) for a, b in zip(see, ask, strict=True)]
    gain = [correlation(a, b) * np.nanstd(a) / np.std(b) for a, b in zip(see, ask, strict=True)]
    other = [correlation(*cut(a, b)) for a, b in zip(see, following, strict=True)]
    return float(np.mean(own)), float(np.mean(gain)), float(np.mean(other))


def cut(a_t: np.ndarray, b_t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both, as long as the shorter one."""
    n = min(len(a_t), len(b_t))
    return a_t[:n], b_t[:n]


def widths(seen: list[Curves], asked: list[Curves], spoken: list[Spoken]) -> tuple[float, float, float]:
    """Mean width seen, cm: before the sentence; where lips are open and neither round nor spread; where they are roundest."""
    rest, open_, round_ = [], [], []
    for see, ask, sentence in zip(seen, asked, spoken, strict=True):
        n = min(len(see.width_t), len(ask.width_t))
        width, opening, wanted = see.width_t[:n], ask.opening_t[:n], ask.width_t[:n]
        rest.append(width[: int(np.argmax(sentence.heard_t)) - LEAD_FRAMES])
        open_.append(width[(opening > OPEN_CM) & (np.abs(wanted) < PLAIN_CM)])
        round_.append(width[wanted < ROUND_CM])
    of_rest, of_open, of_round = (float(np.nanmean(np.concatenate(part))) for part in (rest, open_, round_))
    return of_rest, of_open, of_round
