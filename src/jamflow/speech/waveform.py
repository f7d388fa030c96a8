"""Sound files in and out: whatever FFmpeg reads becomes mono float32 at one rate; the suffix says what is written."""

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soxr

from jamflow.errors import UserError
from jamflow.media.coded_sound import CODED_SUFFIXES, CodedSoundWriter
from jamflow.media.files import SOUND_SUFFIXES, Writing, output_file, replacing
from jamflow.media.video_reader import read_sound

MIN_SECONDS, MAX_SECONDS = 0.5, 600.0
SILENCE_PEAK = 10 ** (-60 / 20)


def read_wave(path: str | Path, sample_rate: int) -> np.ndarray:
    """The sound of a file (or of a video) as (n,) float32 mono in [-1, 1] at ``sample_rate`` Hz.

    Raises UserError for what cannot be read, holds no sound, is silent (peak under -60 dB), lasts less than
    ``MIN_SECONDS`` or more than ``MAX_SECONDS``.
    """
    sound = read_sound(path, MAX_SECONDS)
    samples = sound.samples
    refuse_invalid(path, samples)
    refuse_unusable(path, len(samples) / sound.sample_rate, float(np.abs(samples - samples.mean()).max()))
    resampled = soxr.resample(samples, sound.sample_rate, sample_rate, quality="HQ")
    return np.clip(resampled, -1.0, 1.0)


def refuse_invalid(path: str | Path, samples: np.ndarray) -> None:
    """Raises UserError where there are samples that are no numbers."""
    if not np.isfinite(samples).all():
        raise UserError(f"The sound file {path} holds invalid samples.", "Save it again as 16-bit wav.")


def refuse_unusable(path: str | Path, length_s: float, swing: float) -> None:
    """Raises UserError for sound that is too short or silent; `swing` is how far samples get from their mean."""
    if length_s < MIN_SECONDS:
        raise UserError(f"The sound file {path} lasts less than {MIN_SECONDS:g} s.", "Give a longer one.")
    if swing < SILENCE_PEAK:
        raise UserError(f"The sound file {path} is silent.", "Give one with speech in it.")


def sound_writer(path: str | Path, sample_rate: int) -> "WaveWriter | CodedSoundWriter":
    """What writes a sound file of this name, piece by piece: see `WaveWriter`. `sample_rate` in Hz is of the samples.

    Raises UserError where ``path`` ends in none of ``SOUND_SUFFIXES`` or the disk does not take the file.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".wav":
        return WaveWriter(path, sample_rate)
    if suffix in CODED_SUFFIXES:
        return CodedSoundWriter(path, sample_rate)
    known = f"{', '.join(SOUND_SUFFIXES[:-1])} or {SOUND_SUFFIXES[-1]}"
    raise UserError(f"The output {path} does not end in {known}.", "Give a name such as speech.wav.")


class WaveWriter(Writing):
    """Writes one wav file piece by piece, as a context manager; the file appears when it is whole.

    Raises UserError where ``path`` does not end in .wav or the disk does not take the file.
    """

    def __init__(self, path: str | Path, sample_rate: int):
        self._path = output_file(path, ".wav")
        self._sample_rate = sample_rate

    @contextmanager
    def _open(self) -> Iterator[None]:
        with replacing(self._path) as file, wave.open(str(file), "wb") as self._wave:
            self._wave.setnchannels(1)
            self._wave.setsampwidth(2)
            self._wave.setframerate(self._sample_rate)
            yield

    def write(self, samples: np.ndarray) -> None:
        """The next (n,) float samples in [-1, 1], as 16-bit PCM."""
        pcm = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2")
        self._wave.writeframes(pcm.tobytes())


def write_wave(path: str | Path, samples: np.ndarray, sample_rate: int) -> None:
    """Writes (n,) float samples in [-1, 1] as 16-bit PCM; the file appears when it is whole.

    Raises UserError where ``path`` does not end in .wav or the disk does not take the file.
    """
    with WaveWriter(path, sample_rate) as writer:
        writer.write(samples)
