"""flite (Debian: apt-get install flite; CMU's free licence): three more people, at 22 times real time on one core.

Its voices are sampled at 16 kHz, so what they would say above 7 kHz is made up (see `extend_band`).
"""

import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from align import timed
from teachers import SAMPLE_RATE, Morph, Phones

from jamflow.text.phonemes import split_symbols

FLITE_HZ = 16000
MOST_COST = 0.15  # per sound: above it flite reads other words than we do
LATE_S = 0.05  # hibari and Kokoro sound this much before the times of their phones, flite at them; the corpus has one way
WINDOW, STEP = 512, 128
EDGE_HZ, FALL_DB_PER_KHZ = 7200, 3.5


class FliteTeacher:
    """The voices "slt", "rms" and "awb": other people than hibari and Kokoro have.

    Raises:
        FileNotFoundError: flite is not installed.
    """

    def __call__(
        self, text: str, phonemes: str, person: str, morph: Morph, rng: np.random.Generator
    ) -> tuple[np.ndarray, Phones] | None:
        """A sentence and how we read it to sound at 24 kHz and our phones in time; None where flite reads otherwise.

        Of the morph only speed and varispeed are done: flite's statistical voices do not take its settings of pitch.
        """
        import soxr
        from scipy.io import wavfile

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            stretch = f"duration_stretch={morph.varispeed / morph.speed:.4f}"
            said = subprocess.run(
                ["flite", "-voice", person, "-psdur", "--setf", stretch, "-t", text, "-o", str(path)],
                capture_output=True,
                text=True,
                check=True,
            )
            wave = wavfile.read(path)[1].astype(np.float32) / 32768
        phones, cost = timed(split_symbols(phonemes), parse(said.stdout))
        if cost > MOST_COST:
            return None
        wave = extend_band(soxr.resample(wave, FLITE_HZ, SAMPLE_RATE), rng)
        wave = soxr.resample(wave, SAMPLE_RATE * morph.varispeed, SAMPLE_RATE)
        return _late(wave.astype(np.float32), [(s, a / morph.varispeed, b / morph.varispeed) for s, a, b in phones])


def _late(wave: np.ndarray, phones: Phones) -> tuple[np.ndarray, Phones]:
    """Phones `LATE_S` after their sound, and as much more of the silence at the end (its mirror image)."""
    wave = np.pad(wave, (0, round(LATE_S * SAMPLE_RATE)), mode="reflect")
    late = [(s, start + LATE_S if i else 0.0, end + LATE_S) for i, (s, start, end) in enumerate(phones)]
    symbol, start, _ = late[-1]
    return wave, [*late[:-1], (symbol, start, len(wave) / SAMPLE_RATE)]


def parse(line: str) -> Phones:
    """What `-psdur` prints ("pau:0.25 w:0.35": ends in seconds) to phones with starts and ends."""
    out: Phones = []
    for name, end in re.findall(r"(\S+):(\d+\.\d+)", line):
        out.append((name, out[-1][2] if out else 0.0, float(end)))
    return out


def extend_band(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(samples,) at 24 kHz with noise above `EDGE_HZ`, at each moment as loud as what is just below it, falling with frequency.

    Kokoro's people fall by about `FALL_DB_PER_KHZ` from 7 to 11 kHz, at any loudness. Without it a target would be empty there,
    at the floor of the log mel, which no recording of a person is.
    """
    from scipy.signal import istft, stft

    hz, _, spectrum_ft = stft(wave, SAMPLE_RATE, nperseg=WINDOW, noverlap=WINDOW - STEP)
    noise_ft = stft(rng.standard_normal(len(wave)), SAMPLE_RATE, nperseg=WINDOW, noverlap=WINDOW - STEP)[2]
    noise_ft /= np.sqrt(np.mean(np.abs(noise_ft[1:-1]) ** 2))
    below = (hz >= EDGE_HZ - 1000) & (hz < EDGE_HZ)
    level_t = np.sqrt(np.mean(np.abs(spectrum_ft[below]) ** 2, axis=0))
    fall_f = 10 ** (-FALL_DB_PER_KHZ * (hz - EDGE_HZ) / 1000 / 20)
    spectrum_ft = np.where((hz < EDGE_HZ)[:, None], spectrum_ft, noise_ft * level_t * fall_f[:, None])
    return istft(spectrum_ft, SAMPLE_RATE, nperseg=WINDOW, noverlap=WINDOW - STEP)[1][: len(wave)].astype(np.float32)
