"""One picture that shows how a face in a video speaks.

Rows of frames with their times: evenly spaced; the face with its mouth widest open; the face with it shut. Under them, over
time: lip opening (white), loudness (orange), frames without a face (red). Needs the extra `dev`.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import tyro
from PIL import Image, ImageDraw, ImageOps

from benchmarks.shared.options import Output
from benchmarks.shared.report import Report, number
from jamflow.face.measure import track_motion
from jamflow.face.tracker import FaceTracker
from jamflow.media.files import replacing
from jamflow.media.video_reader import read_sound, read_video

COLUMNS = 8
THUMB_PX = 240
PLOT_PX = 220
MAX_SECONDS = 3600.0
APART_S = 0.2  # two frames of the same vowel are one example
INK, CURVE, SOUND, MISSING = (235, 235, 235), (255, 255, 255), (255, 160, 40), (220, 40, 40)


@dataclass(frozen=True, kw_only=True)
class Options(Output):
    video: tyro.conf.Positional[Path]
    sheet: tyro.conf.Positional[Path]
    """The PNG that is written."""


def run(options: Options, report: Report) -> None:
    times_s: list[float] = []

    def frames():
        for time, frame in read_video(options.video):
            times_s.append(float(time))
            yield frame

    opening_t = track_motion(frames(), Fraction(25)).opening_t  # the rate only labels the motion
    rows = choose(opening_t, np.array(times_s))
    whole, faces = read_thumbs(options.video, {k for row in rows.values() for k in row})
    sheet = Image.new("RGB", (COLUMNS * THUMB_PX, len(rows) * THUMB_PX + PLOT_PX))
    pen = ImageDraw.Draw(sheet)
    for y, (name, row) in enumerate(rows.items()):
        for x, k in enumerate(row):
            sheet.paste((faces if name else whole)[k], (x * THUMB_PX, y * THUMB_PX))
            label = f"{name} {times_s[k]:.2f} s"
            pen.text((x * THUMB_PX + 4, y * THUMB_PX + 4), label, INK, stroke_width=1, stroke_fill=(0, 0, 0))
    plot(pen, len(rows) * THUMB_PX, np.array(times_s), opening_t, loudness_db(options.video, times_s))
    with replacing(options.sheet) as temporary:
        sheet.save(temporary, format="PNG")
    table = report.table("What the sheet shows", {"measure": "", "value": ""})
    table.add("frames", number(len(opening_t), "d"))
    table.add("frames without a face", number(int(np.isnan(opening_t).sum()), "d"))
    table.add("widest lip opening", number(float(np.nanmax(opening_t, initial=0.0)), ".2f", "cm"))


def choose(opening_t: np.ndarray, times_s: np.ndarray) -> dict[str, list[int]]:
    """Frame numbers of each row of the sheet, in order of time."""
    evenly = sorted({int(k) for k in np.linspace(0, len(times_s) - 1, COLUMNS).round()})
    by_opening = [int(k) for k in np.argsort(opening_t) if np.isfinite(opening_t[k])]
    return {"": evenly, "wide": _apart(by_opening[::-1], times_s), "shut": _apart(by_opening, times_s)}


def _apart(candidates: list[int], times_s: np.ndarray) -> list[int]:
    taken: list[int] = []
    for k in candidates:
        if len(taken) < COLUMNS and all(abs(times_s[k] - times_s[other]) >= APART_S for other in taken):
            taken.append(k)
    return sorted(taken)


def read_thumbs(video: Path, wanted: set[int]) -> tuple[dict[int, Image.Image], dict[int, Image.Image]]:
    """The wanted frames and the largest face in each, as thumbnails.

    The video is decoded a second time, so that a long one needs no memory.
    """
    whole, faces, tracker = {}, {}, FaceTracker()
    for k, (_, frame) in enumerate(read_video(video)):
        if k in wanted:
            image = Image.fromarray(frame)
            whole[k] = ImageOps.contain(image, (THUMB_PX, THUMB_PX))
            faces[k] = whole[k]
            for face in tracker.find(frame)[:1]:
                low, high = face.mesh_v3[:, :2].min(0), face.mesh_v3[:, :2].max(0)
                (x, y), half = (low + high) / 2, 0.55 * max(high - low)
                square = image.crop((x - half, y - half, x + half, y + half))
                faces[k] = square.resize((THUMB_PX, THUMB_PX), Image.Resampling.BICUBIC)
    return whole, faces


def loudness_db(video: Path, times_s: list[float]) -> np.ndarray:
    """(T,) level of the 40 ms from each frame on, dB under full scale, at least -60."""
    sound = read_sound(video, MAX_SECONDS)
    first = [max(0, round((t - float(sound.start_s)) * sound.sample_rate)) for t in times_s]
    parts = [sound.samples[i : i + sound.sample_rate // 25] for i in first]
    power = np.array([np.square(part, dtype=np.float64).mean() if len(part) else 0.0 for part in parts])
    return 10 * np.log10(np.maximum(power, 1e-6))


def plot(pen: ImageDraw.ImageDraw, top: int, times_s: np.ndarray, opening_t: np.ndarray, level_t: np.ndarray) -> None:
    """Curves over the width of the sheet; both from the bottom line up, each scaled to its largest value."""
    left, right, bottom, height = 40, COLUMNS * THUMB_PX - 10, top + PLOT_PX - 24, PLOT_PX - 44
    span_s = max(times_s[-1], 1e-3)
    x_t = left + (right - left) * times_s / span_s
    widest = max(float(np.nanmax(opening_t, initial=0.0)), 0.1)
    for second in range(int(span_s) + 1):
        x = left + (right - left) * second / span_s
        pen.line([(x, top + 16), (x, bottom)], (60, 60, 60))
        pen.text((x - 4, bottom + 4), str(second), INK)
    for x in x_t[~np.isfinite(opening_t)]:
        pen.line([(x, top + 16), (x, bottom)], MISSING)
    curves = ((SOUND, (level_t + 60) / max(float(level_t.max()) + 60, 1.0)), (CURVE, opening_t / widest))
    for colour, value_t in curves:
        points = [(x, bottom - height * v) for x, v in zip(x_t, value_t, strict=True) if np.isfinite(v)]
        pen.line(points, colour, width=2)
    pen.text((left, top + 2), f"lip opening, largest {widest:.2f} cm", CURVE)
    pen.text((left + 260, top + 2), "loudness, 60 dB from the bottom line to its peak", SOUND)
