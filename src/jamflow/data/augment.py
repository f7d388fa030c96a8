"""Augmentation: what microphones, rooms and trackers do to clean data, so that the model has seen input like real input.

Only what is *given* to the model is degraded. What it learns to generate stays clean.
"""

import numpy as np

from jamflow.mel_format import MelFormat
from jamflow.speech.mel import LOG_FLOOR, htk_hz


def degrade_sound(wave: np.ndarray, rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """(N,) float32 at another level and, by chance, with a microphone's response, a room, a narrow band, noise, coarse coding."""
    out = wave.astype(np.float32)
    if rng.random() < 0.5:
        out = _colour(out, rate_hz, rng)
    if rng.random() < 0.35:
        out = _room(out, rate_hz, rng)
    if rng.random() < 0.35:
        out = _band(out, rate_hz, float(rng.uniform(3400, 9000)))
    if rng.random() < 0.6:
        out = _noise(out, rate_hz, rng, snr_db=float(rng.uniform(0, 35)))
    if rng.random() < 0.2:
        out = _mu_law(out)
    return np.clip(out * 10 ** rng.uniform(-0.7, 0.3), -1, 1).astype(np.float32)


def another_voice(mels_fm: list[np.ndarray], mel_format: MelFormat, pitch: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Log mels (F, bands) of one voice as another voice would have them: a longer or shorter vocal tract, with its pitch,
    and another timbre. This gives more voices than the teachers have. All mels change in the same way.

    pitch: what all frequencies are multiplied by.
    """
    band_hz = htk_hz(mel_format)[1:-1].numpy()
    source = np.interp(band_hz / pitch, band_hz, np.arange(mel_format.bands))
    low = np.minimum(source.astype(int), mel_format.bands - 2)
    mix = (source - low).astype(np.float32)
    octave = np.log2(np.maximum(band_hz, 60) / 60)
    gain = np.interp(octave, np.arange(9), rng.uniform(-6, 6, 9)) / 8.686  # dB to nepers
    gain, floor = gain.astype(np.float32), np.float32(np.log(LOG_FLOOR))
    return [np.maximum(mel[:, low] * (1 - mix) + mel[:, low + 1] * mix + gain, floor) for mel in mels_fm]


def _room(wave: np.ndarray, rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Convolve with a decaying noise tail behind the direct sound."""
    decay_s, wet = rng.uniform(0.08, 0.5), rng.uniform(0.1, 0.5)
    tail = rng.standard_normal(int(decay_s * rate_hz)) * np.exp(-6.9 * np.linspace(0, 1, int(decay_s * rate_hz)))
    tail *= wet / np.sqrt((tail**2).sum() + 1e-9)
    tail[0] = 1.0
    n = 1 << (len(wave) + len(tail)).bit_length()
    return np.fft.irfft(np.fft.rfft(wave, n) * np.fft.rfft(tail, n), n)[: len(wave)].astype(np.float32)


def _band(wave: np.ndarray, rate_hz: int, cutoff_hz: float) -> np.ndarray:
    """Cut the top, as telephones and low sample rates do."""
    spectrum = np.fft.rfft(wave)
    frequency = np.fft.rfftfreq(len(wave), 1 / rate_hz)
    spectrum *= 1 / (1 + (frequency / cutoff_hz) ** 16)
    return np.fft.irfft(spectrum, len(wave)).astype(np.float32)


def _colour(wave: np.ndarray, rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Up to 8 dB more or less in every octave, as microphones and equalisers do."""
    spectrum = np.fft.rfft(wave)
    octave = np.log2(np.maximum(np.fft.rfftfreq(len(wave), 1 / rate_hz), 60) / 60)
    gain_db = np.interp(octave, np.arange(9), rng.uniform(-8, 8, 9))
    return np.fft.irfft(spectrum * 10 ** (gain_db / 20), len(wave)).astype(np.float32)


def _noise(wave: np.ndarray, rate_hz: int, rng: np.random.Generator, snr_db: float) -> np.ndarray:
    """Noise with a falling spectrum at a signal-to-noise ratio, steady or swelling and fading."""
    white = np.fft.rfft(rng.standard_normal(len(wave)))
    noise = np.fft.irfft(white / np.maximum(1, np.arange(len(white))) ** rng.uniform(0, 0.7), len(wave))
    if rng.random() < 0.4:
        knots = rng.uniform(-20, 0, len(wave) // (rate_hz // 4) + 2)
        noise = noise * 10 ** (np.interp(np.arange(len(wave)) / (rate_hz // 4), np.arange(len(knots)), knots) / 20)
    gain = np.sqrt((wave**2).mean() + 1e-9) / np.sqrt((noise**2).mean() + 1e-12) * 10 ** (-snr_db / 20)
    return (wave + gain * noise).astype(np.float32)


def _mu_law(wave: np.ndarray) -> np.ndarray:
    """8-bit companding."""
    coded = np.round(np.sign(wave) * np.log1p(255 * np.abs(np.clip(wave, -1, 1))) / np.log(256) * 127) / 127
    return (np.sign(coded) * (256 ** np.abs(coded) - 1) / 255).astype(np.float32)


def aligned_phones(phones: list[tuple[str, float, float]], rng: np.random.Generator) -> list[tuple[str, float, float]]:
    """Phones as an aligner finds them: boundaries are off by about 20 ms and stay in order."""
    edges = np.array([start for _, start, _ in phones] + [phones[-1][2]])
    moved = edges + rng.normal(0, 0.02, len(edges)) * (np.arange(len(edges)) % len(phones) > 0)  # the ends stay
    moved = np.maximum.accumulate(np.clip(moved, edges[0], edges[-1]))
    return [(symbol, float(a), float(b)) for (symbol, _, _), a, b in zip(phones, moved[:-1], moved[1:], strict=True)]


def track_noise(motion_tc: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(T, C) motion in cm with a tracker's errors: noise in every frame, slow drift, a constant offset."""
    t, c = motion_tc.shape
    jitter = rng.standard_normal((t, c)) * rng.uniform(0.0, 0.03)
    knots = rng.standard_normal((t // 25 + 2, c)) * rng.uniform(0.0, 0.03)
    place = np.linspace(0, len(knots) - 1.001, t)
    low = place.astype(int)
    mix = (place - low)[:, None]
    drift = knots[low] * (1 - mix) + knots[low + 1] * mix
    return (motion_tc + jitter + drift + rng.standard_normal(c) * 0.02).astype(np.float32)


def tracked_lips(mouth_tc: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lips as a tracker sees them, each by chance: small openings shut, openings scaled, blurred in time; and noise.

    (T, 18) in the order of the mesh's mouth: right, left corner; inner upper, lower; outer upper, lower.
    """
    out = mouth_tc.reshape(len(mouth_tc), 6, 3).astype(np.float32)
    if rng.random() < 0.5:
        opening = np.maximum(out[:, 2, 1] - out[:, 3, 1], 0)
        unseen = rng.uniform(0, 0.12)
        seen = np.maximum(opening - unseen, 0) * rng.uniform(0.5, 1.3)
        out[:, 2:, 1] *= (seen / np.maximum(opening, 0.02))[:, None]
    if rng.random() < 0.5:
        padded = np.concatenate([out[:1], out, out[-1:]])
        out = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    return track_noise(out.reshape(mouth_tc.shape), rng)
