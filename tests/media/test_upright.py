"""Frames come as a player shows them: turned, mirrored, in square pixels, HDR in the colours of a usual screen."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from jamflow.media.video_reader import read_video, video_facts
from jamflow.media.view import View

ONE = 1 << 16
PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"


def film(path: Path, rgb: np.ndarray, matrix: tuple[int, int, int, int] | None = None, ratio: Fraction = Fraction(1)) -> Path:
    """matrix: where a step to the right and a step down lead, as a telephone writes it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.height, stream.width = rgb.shape[:2]
        stream.pix_fmt = "yuv444p"
        stream.codec_context.sample_aspect_ratio = ratio
        if matrix is not None:
            a, b, c, d = (ONE * x for x in matrix)
            stream.set_display_matrix((a, b, 0, c, d, 0, 0, 0, 1 << 30))
        for k in range(2):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def corners(rgb: np.ndarray) -> list[str]:
    """Names of the colours of the corners: top left, top right, bottom left, bottom right."""
    names = {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (0, 0, 0): "black"}
    return [names[tuple((rgb[y, x] > 128).astype(int))] for y in (4, -5) for x in (4, -5)]


@pytest.fixture
def flag() -> np.ndarray:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:24, :32, 0], picture[:24, 32:, 1], picture[24:, :32, 2] = 255, 255, 255
    return picture


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (None, ["red", "green", "blue", "black"]),
        ((0, 1, -1, 0), ["blue", "red", "black", "green"]),  # a quarter turn clockwise
        ((0, -1, 1, 0), ["green", "black", "red", "blue"]),
        ((-1, 0, 0, -1), ["black", "blue", "green", "red"]),
        ((-1, 0, 0, 1), ["green", "red", "black", "blue"]),  # mirrored, as front cameras do
        ((1, 0, 0, -1), ["blue", "black", "red", "green"]),
        ((0, 1, 1, 0), ["red", "blue", "green", "black"]),
    ],
)
def test_frames_are_turned_and_mirrored_as_the_file_says(tmp_path: Path, flag: np.ndarray, matrix, expected: list[str]) -> None:
    path = film(tmp_path / "v.mp4", flag, matrix)
    (_, first), _ = read_video(path)
    assert corners(first) == expected
    upright = (48, 64) if matrix is not None and matrix[0] == 0 else (64, 48)
    assert video_facts(path).size == upright and first.shape[:2] == upright[::-1]


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        (Fraction(16, 11), (93, 48)),
        (Fraction(10, 11), (64, 53)),
        (Fraction(32, 31), (66, 48)),
        (Fraction(128, 127), (64, 48)),  # would be 65 wide: nearly square pixels stay
        (Fraction(40), (64, 48)),
    ],
)
def test_frames_have_square_pixels(tmp_path: Path, flag: np.ndarray, ratio: Fraction, size: tuple[int, int]) -> None:
    path = film(tmp_path / "v.mp4", flag, None, ratio)
    assert next(read_video(path))[1].shape[1::-1] == size, "an impossible shape is not believed"
    facts = video_facts(path)
    assert facts.size == (64, 48) and facts.tags.pixel_ratio == (ratio if ratio < 4 else 1)


def test_a_pixel_turns_with_its_frame(tmp_path: Path, flag: np.ndarray) -> None:
    path = film(tmp_path / "v.mp4", flag, (0, 1, -1, 0), Fraction(2))
    assert next(read_video(path))[1].shape[:2] == (128, 48) and video_facts(path).tags.pixel_ratio == Fraction(1, 2)


@pytest.mark.parametrize(
    "view", [View(Fraction(16, 11)), View(Fraction(10, 11)), View(turn=1), View(Fraction(4, 3), 3), View(turn=2)]
)
def test_a_change_to_what_is_shown_comes_back(view: View) -> None:
    rng = np.random.default_rng(0)
    stored = cv2.resize(rng.integers(30, 220, (12, 16, 3), np.uint8), (128, 96), interpolation=cv2.INTER_CUBIC)
    shown = view.shown(stored)
    assert shown.shape[1::-1] == view.size(128, 96)
    np.testing.assert_array_equal(view.with_change(stored, shown, shown[:-1, :-1]), stored)
    wanted = stored.copy()
    wanted[40:56, 48:80] = 255 - wanted[40:56, 48:80]
    back = view.with_change(stored, shown, view.shown(wanted))
    off = np.abs(back.astype(int) - wanted)
    assert off.mean() < 1 and off[:32].max() == 0 and off[44:52, 54:74].mean() < 2


def pq(light: np.ndarray) -> np.ndarray:
    """cd/m2 to the signal of SMPTE ST 2084."""
    power = (light / 10_000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def hlg(light: np.ndarray) -> np.ndarray:
    """cd/m2 of a display of 1,000 to the signal of ITU-R BT.2100."""
    luma = np.maximum(light @ [0.2627, 0.6780, 0.0593] / 1000, 1e-7)
    scene = light / 1000 * luma[..., None] ** (1 / 1.2 - 1)
    return np.where(
        scene <= 1 / 12, np.sqrt(3 * scene), 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    )


def hdr_film(path: Path, rgb: np.ndarray, kind: str, times: float = 1.0) -> Path:
    """What an SDR screen whose white is 203 cd/m2 shows, as 10-bit HDR; `times` as bright."""
    to_2020 = np.linalg.inv([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
    light = times * 203 * np.maximum((rgb / 255) ** 2.4 @ to_2020.T, 0)
    signal, transfer = (pq(light), ColorTrc.SMPTE2084) if kind == "PQ" else (hlg(light), ColorTrc.ARIB_STD_B67)
    deep = np.rint(65535 * np.clip(signal, 0, 1)).astype(np.uint16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "4"})
        stream.height, stream.width = rgb.shape[:2]
        stream.pix_fmt = "yuv420p10le"
        codec = stream.codec_context
        codec.color_primaries, codec.color_trc = ColorPrimaries.BT2020, transfer
        codec.colorspace, codec.color_range = Colorspace.BT2020, ColorRange.MPEG
        for k in range(3):
            frame = av.VideoFrame.from_ndarray(deep, format="rgb48le").reformat(
                format="yuv420p10le", dst_colorspace=Colorspace.BT2020, dst_color_range=ColorRange.MPEG
            )
            frame.color_primaries, frame.color_trc = ColorPrimaries.BT2020, transfer
            frame.pts, frame.time_base = k, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("kind", ["PQ", "HLG"])
def test_hdr_looks_as_it_does_on_a_usual_screen(tmp_path: Path, kind: str) -> None:
    rgb = np.ascontiguousarray(cv2.imread(str(PORTRAIT))[:256, 128:384, ::-1])
    path = hdr_film(tmp_path / "v.mp4", rgb, kind)
    seen = next(read_video(path))[1]
    off = np.abs(seen.astype(int) - rgb)
    dark = rgb.max(2) < 150
    assert off[dark].mean() < 3 and off.mean() < 6, "only what is light is compressed"
    facts = video_facts(path)
    assert facts.hdr == kind and (facts.tags.primaries, facts.tags.transfer) == (1, 1)


@pytest.mark.parametrize("kind", ["PQ", "HLG"])
def test_what_is_brighter_than_white_keeps_its_shades_and_hue(tmp_path: Path, kind: str) -> None:
    ramp = np.repeat(np.linspace(60, 255, 256), 64 * 3).reshape(256, 64, 3).swapaxes(0, 1)
    seen = next(read_video(hdr_film(tmp_path / "v.mp4", ramp, kind, times=4)))[1].astype(int)
    steps = seen[32, ::32, 1]
    assert (np.diff(steps) > 0).all() and 235 < steps[-1] <= 255
    assert np.abs(seen[..., 0] - seen[..., 2]).max() <= 6, "grey stays grey"


def test_sdr_colours_are_told_as_they_are(tmp_path: Path, flag: np.ndarray) -> None:
    with av.open(str(tmp_path / "v.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        codec = stream.codec_context
        codec.color_primaries, codec.color_trc = ColorPrimaries.SMPTE170M, ColorTrc.SMPTE170M
        frame = av.VideoFrame.from_ndarray(flag, format="rgb24")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    facts = video_facts(tmp_path / "v.mp4")
    assert (facts.tags.primaries, facts.tags.transfer) == (6, 6) and facts.hdr is None
    assert video_facts(film(tmp_path / "untold.mp4", flag)).tags.primaries == 1
