"""Replacing words in a recording: one span of both streams is generated, and everything around it is given.

Times are seconds of the recording (*old*) or of the result (*new*). They are equal before the span and differ by a constant after
it.

Shapes: A audio tokens, F mel frames, T motion frames of the model, N frames of the picture, M and C mouth and clue channels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import soxr
import torch
from torch import Tensor

from jamflow.editing.support import EditSupport
from jamflow.editing.timeline import EditTimeline
from jamflow.mel_format import MelFormat
from jamflow.model.config import JointConfig
from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.sampling.generate import Streams
from jamflow.speech.bandwidth import with_top, without_top
from jamflow.speech.mel import LogMel
from jamflow.speech.original import Original

AROUND_S = 5.0  # of given sound on either side; with the span that is as long as training rows
# How much of the neighbouring sounds is generated with the words, because sounds run into each other. A phoneme is heard about
# 50 ms before the time that the teachers' models, and so `mini`, give it.
_MARGINS_S = Fraction(1, 10), Fraction(1, 50)
_FADE_S = 0.01  # cross-fade at both ends, within the span


@dataclass(frozen=True)
class Cut:
    """What is replaced: the samples from `start` to `end` of the recording, by `new` samples."""

    start: int
    end: int
    new: int
    rate_hz: int

    @property
    def shift_s(self) -> Fraction:
        return Fraction(self.new - (self.end - self.start), self.rate_hz)


@dataclass(frozen=True)
class Window:
    """The part of the result that the model sees.

    Attributes:
        start_s: new (and old) time at which it begins, a whole number of blocks.
        span_s: new times of the span that is generated.
        tokens: its length in audio tokens.
        speech: the given mel and the text.
        gain: factor from the recording's level to the model's.
        bands: how many mel bands the recording has (`speech.bandwidth`).
        mel_format: format of the mel.
    """

    start_s: Fraction
    span_s: tuple[Fraction, Fraction]
    tokens: int
    speech: SpeechCondition
    gain: float
    bands: int
    mel_format: MelFormat

    def frames(self, config: JointConfig) -> np.ndarray:
        """(T,) new times of the motion frames."""
        return float(self.start_s) + np.arange(config.motion_frames(self.tokens)) / float(config.exact_motion_fps)

    def conditions(self, config: JointConfig, mouth_tm: np.ndarray | None, clue_tc: np.ndarray | None) -> Conditions:
        """What the model is given.

        Args:
            mouth_tm: the filmed mouth, used outside of the span; None if there is no picture.
            clue_tc: the other key points, or None.
        """
        if mouth_tm is None:
            return Conditions(self.tokens, self.speech, MotionCondition("absent"))
        at_s = self.frames(config)
        given_t = torch.from_numpy((at_s < float(self.span_s[0])) | (at_s >= float(self.span_s[1])))
        clue = None if clue_tc is None else torch.from_numpy(clue_tc)
        return Conditions(self.tokens, self.speech, MotionCondition("generated", torch.from_numpy(mouth_tm), given_t, clue))


def cut(change: EditTimeline, sound: Original) -> Cut:
    """The samples that are replaced: the words and a little of the sounds next to them."""
    rate = sound.rate_hz
    start = max(0, round((change.start_s - _MARGINS_S[0]) * rate))
    end = min(sound.samples, round((change.end_s + _MARGINS_S[1]) * rate))
    return Cut(start, end, end - start + round(change.shift_s * rate), rate)


def window(change: EditTimeline, place: Cut, sound: Original, config: JointConfig, support: EditSupport) -> Window:
    """The window around a cut, with its mel and text."""
    rate, heard_hz = sound.rate_hz, config.mel.sample_rate_hz
    token = config.frames_per_token * config.mel.hop
    block_s = Fraction(config.block_tokens * token, heard_hz)
    start_s = max(Fraction(0), (Fraction(place.start, rate) - Fraction(AROUND_S)) // block_s * block_s)
    last = min(sound.samples, place.end + int(AROUND_S * rate))
    before = sound.resampled(heard_hz, round(start_s * rate), place.start)
    after = sound.resampled(heard_hz, place.end, last)
    gap = round(Fraction(place.new, rate) * heard_hz)
    heard = np.concatenate([before, after, sound.resampled(heard_hz, place.start, place.end)])
    gain = support.gain(heard)
    wave = np.concatenate([before, np.zeros(gap, np.float32), after]) * np.float32(gain)
    tokens = -(-len(wave) // token)
    wave = np.pad(wave, (0, tokens * token - len(wave)))
    mel_fm = LogMel(config.mel)(torch.from_numpy(wave))[:-1]  # the last frame is centred on the end
    middle = torch.arange(len(mel_fm)) * config.mel.hop
    reach = config.mel.n_fft // 2  # samples to either side that a mel frame hears
    known_f = (middle + reach <= len(before)) | (middle - reach >= len(before) + gap)
    given_a = known_f.reshape(tokens, -1).all(1)
    bands = support.bands(mel_fm[known_f])
    span_s = Fraction(place.start, rate), Fraction(place.start + place.new, rate)
    speech = SpeechCondition("generated", with_top(mel_fm, bands), given_a, support.text(change, start_s, tokens))
    return Window(start_s, span_s, tokens, speech, gain, bands, config.mel)


def patch(streams: Streams, view: Window, place: Cut, sound: Original, vocoder: Callable[[Tensor], Tensor]) -> np.ndarray:
    """(new,) float32 in [-1, 1]: the generated samples at the recording's level, cross-faded with its own at both ends."""
    assert streams.mel_fm is not None
    with torch.inference_mode():
        mel = torch.cat([streams.mel_fm, streams.mel_fm[-1:]])
        wave = vocoder(mel[None].float())[0].cpu().numpy()
    wave = without_top(wave, view.bands, view.mel_format) / np.float32(view.gain)
    if sound.rate_hz != view.mel_format.sample_rate_hz:
        wave = soxr.resample(wave, view.mel_format.sample_rate_hz, sound.rate_hz, quality="HQ")
    first = place.start - round(view.start_s * sound.rate_hz)
    out = np.pad(wave[first : first + place.new], (0, max(0, first + place.new - len(wave))))
    fade = min(int(_FADE_S * sound.rate_hz), place.new // 2, place.end - place.start)
    if fade:
        up = np.linspace(0, 1, fade + 2, dtype=np.float32)[1:-1]
        if place.start:
            out[:fade] = up * out[:fade] + up[::-1] * sound.part(place.start, place.start + fade)
        if place.end < sound.samples:
            out[-fade:] = up[::-1] * out[-fade:] + up * sound.part(place.end - fade, place.end)
    return np.clip(out, -1, 1).astype(np.float32)
