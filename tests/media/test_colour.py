"""Colour conversion on the device gives what FFmpeg's does, and the writer takes both."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from av.video.reformatter import ColorRange, Colorspace

from jamflow.media.colour import to_yuv420p
from jamflow.media.video_reader import read_video
from jamflow.media.video_writer import VideoWriter


def noise(height: int, width: int, cell: int = 1, seed: int = 0) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 256, (-(-height // cell), -(-width // cell), 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC) if cell > 1 else small


def by_ffmpeg(rgb: np.ndarray) -> np.ndarray:
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG).to_ndarray()


@pytest.mark.parametrize("size", [(64, 48), (66, 50), (8, 16), (360, 640)])
@pytest.mark.parametrize("cell", [1, 9])
def test_conversion_agrees_with_ffmpeg(size: tuple[int, int], cell: int) -> None:
    pictures = np.stack([noise(*size, cell, seed) for seed in range(2)])
    got = to_yuv420p(torch.from_numpy(pictures)).numpy().astype(int)
    for picture, planes in zip(pictures, got, strict=True):
        off = np.abs(planes - by_ffmpeg(picture).astype(int))
        assert off.max() <= 2 and off.mean() < 0.2


def test_black_and_white_are_the_ends_of_the_range() -> None:
    planes = to_yuv420p(torch.tensor([[0] * 3, [255] * 3], dtype=torch.uint8)[:, None, None].expand(2, 4, 4, 3))
    assert planes[:, :4].flatten(1).unique(dim=1).tolist() == [[16], [235]]
    assert planes[:, 4:].unique().tolist() == [128]


def test_odd_sides_are_refused() -> None:
    with pytest.raises(ValueError, match="even"):
        to_yuv420p(torch.zeros(1, 5, 4, 3, dtype=torch.uint8))


def test_frames_written_as_planes_are_the_frames_written_as_rgb(tmp_path: Path) -> None:
    pictures = np.stack([noise(64, 96, 24, seed) for seed in range(3)])
    read = []
    for name in ("planes", "rgb"):
        with VideoWriter(tmp_path / f"{name}.mp4", 96, 64, Fraction(25), 16000) as writer:
            if name == "planes":
                writer.write_planes(to_yuv420p(torch.from_numpy(pictures)).numpy())
            for picture in pictures if name == "rgb" else ():
                writer.write_frame(picture)
            writer.write_audio(np.zeros(1920, np.float32))
        read.append(np.stack([frame for _, frame in read_video(tmp_path / f"{name}.mp4")]).astype(int))
    assert read[0].shape == (3, 64, 96, 3)
    errors = [np.abs(frames - pictures) for frames in read]
    assert abs(errors[0].mean() - errors[1].mean()) < 0.2 and errors[0].mean() < 4
    assert np.abs((read[0] - read[1]).mean((0, 1, 2))).max() < 0.5  # another matrix or range would shift the colours


@pytest.mark.parametrize("planes", [np.zeros((1, 90, 96), np.uint8), np.zeros((1, 96, 96), np.float32)])
def test_planes_of_another_form_are_refused(tmp_path: Path, planes: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must be"), VideoWriter(tmp_path / "a.mp4", 96, 64, Fraction(25), 16000) as writer:
        writer.write_planes(planes)
    assert not list(tmp_path.iterdir())
