"""Copies of the ground truth for control rows: what a codec, a renderer or a vocoder alone takes away."""

from fractions import Fraction
from itertools import chain
from pathlib import Path

import numpy as np
import soxr
import torch

from jamflow.errors import UserError
from jamflow.face.tracker import FaceTracker
from jamflow.media.video_reader import read_sound, read_video, video_facts
from jamflow.media.video_writer import VideoWriter
from jamflow.pipeline import reenact
from jamflow.speech.mel import LogMel
from jamflow.speech.vocoder import Vocoder
from jamflow.speech.waveform import MAX_SECONDS, write_wave


def encode_again(path: Path, out: Path) -> None:
    """The same frames and sound through the codec that this project's results have: H.264 at crf 18, and AAC.

    Frames of uneven size lose their last row or column. Sound begins with the picture.

    Raises:
        UserError: the file cannot be read or the copy not be written.
    """
    facts = video_facts(path)
    sound = read_sound(path, MAX_SECONDS) if facts.has_sound else None
    frames = read_video(path)
    start_s, first = next(frames)
    height, width = (side // 2 * 2 for side in first.shape[:2])
    with VideoWriter(out, width, height, facts.fps, None if sound is None else sound.sample_rate) as video:
        if sound is not None:
            video.write_audio(_from(sound.samples, sound.sample_rate, sound.start_s - start_s))
        for rgb in chain([first], (rgb for _, rgb in frames)):
            video.write_frame(rgb[:height, :width])


def draw_again(path: Path, out: Path, tracker: FaceTracker) -> None:
    """The first frame with a face, moved as the video moves, by the face mesh: what results of this renderer can reach.

    Raises:
        UserError: there is no face, or it cannot be drawn.
    """
    portrait = next((rgb for _, rgb in read_video(path) if tracker.find(rgb)), None)
    if portrait is None:
        raise UserError(f"There is no face in {path}.", "Leave its row out.")
    reenact(portrait, path).save(out)


def _from(samples: np.ndarray, rate_hz: int, late_s: Fraction) -> np.ndarray:
    """Samples that begin so late, or early where it is negative, from time 0 on."""
    count = round(late_s * rate_hz)
    return np.concatenate([np.zeros(count, np.float32), samples]) if count >= 0 else samples[-count:]


def through_vocoder(path: Path, out: Path, vocoder: Vocoder, log_mel: LogMel) -> None:
    """The sound through log mel and back, as the paper's row "Vocoder Rec.", but by `mini`'s vocoder.

    Raises:
        UserError: the file cannot be read or the copy not be written.
    """
    sound, rate_hz = read_sound(path, MAX_SECONDS), log_mel.format.sample_rate_hz
    wave = soxr.resample(sound.samples, sound.sample_rate, rate_hz, quality="HQ")
    with torch.inference_mode():
        copy = vocoder(log_mel(torch.from_numpy(np.ascontiguousarray(wave, np.float32)))[None])[0].numpy()
    write_wave(out, copy, rate_hz)
