"""What a mel is, told by sounds: which band a tone is in, when a click is heard, how loud is twice as loud."""

import math

import numpy as np
import pytest
import torch

from jamflow.mel_format import MelFormat
from jamflow.speech.bandwidth import bands_heard, with_top, without_top
from jamflow.speech.mel import LogMel, htk_hz, mel_filterbank
from jamflow.speech.vocoder import ISTFTHead, VocosConfig

MEL = MelFormat()
RATE, HOP = 24_000, 256


def tone(hz: float, level: float = 0.3, samples: int = RATE) -> torch.Tensor:
    return level * torch.sin(2 * math.pi * hz * torch.arange(samples) / RATE)


@pytest.mark.parametrize("hz", [200.0, 437.5, 1000.0, 3000.0, 7500.0, 11_000.0])
def test_a_tone_is_in_the_band_that_peaks_nearest_to_it(hz: float) -> None:
    """On the scale of HTK, 2595 log10(1 + f / 700), from 0 to half of the rate."""
    band = LogMel(MEL)(tone(hz)).mean(0).argmax()
    expected = 101 * math.log10(1 + hz / 700) / math.log10(1 + RATE / 2 / 700) - 1
    assert abs(float(band) - expected) < 0.8


def test_frames_are_centred_on_every_hop() -> None:
    wave = torch.zeros(2, 40 * HOP)
    wave[:, 20 * HOP] = 1.0
    mel = LogMel(MEL)(wave)
    assert mel.shape == (2, 41, 100) and torch.equal(mel[0], mel[1])
    level = mel[0].exp().sum(1)
    assert int(level.argmax()) == 20 and level[19] == pytest.approx(float(level[21]), rel=1e-4)


def test_twice_as_loud_is_log_two_more_and_silence_is_the_floor() -> None:
    quiet, loud = (LogMel(MEL)(tone(1000.0, level)) for level in (0.1, 0.2))
    there = quiet > -3
    torch.testing.assert_close((loud - quiet)[there], torch.full_like(quiet[there], math.log(2)), atol=1e-3, rtol=0)
    assert LogMel(MEL)(torch.zeros(2000)).unique().tolist() == pytest.approx([math.log(1e-5)])


def test_filters_begin_where_the_one_before_peaks() -> None:
    edges, filters = htk_hz(MEL), mel_filterbank(MEL)
    assert len(edges) == 102 and edges[0] == 0 and edges[-1] == pytest.approx(RATE / 2, rel=1e-4)
    assert (edges[1:] > edges[:-1]).all() and filters.shape == (513, 100) and filters.min() >= 0 and filters.max() <= 1
    wide = filters[:, 60:]
    hz = torch.linspace(0, RATE / 2, 513)
    peak_hz = hz[wide.argmax(0)]
    assert (peak_hz - edges[61:101]).abs().max() < RATE / 1024


def test_the_inverse_stft_gives_the_sound_back() -> None:
    wave = torch.randn(1, 20 * HOP, generator=torch.Generator().manual_seed(0))
    spectrum = torch.stft(wave, 1024, HOP, window=torch.hann_window(1024), center=True, return_complex=True)
    torch.testing.assert_close(ISTFTHead(VocosConfig(dim=8)).istft(spectrum), wave, atol=1e-4, rtol=1e-4)


def hiss(top_hz: float) -> np.ndarray:
    """Like speech in its bands: a spectrum that falls, syllables, and nothing above a frequency."""
    n = 3 * RATE
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(n))
    hz = np.fft.rfftfreq(n, 1 / RATE)
    wave = np.fft.irfft(spectrum / (1 + hz / 500) * (hz < top_hz), n) * np.sin(8 * np.arange(n) / RATE).clip(0)
    return (0.3 * wave / np.abs(wave).max()).astype(np.float32)


@pytest.mark.parametrize("top_hz", [4000.0, 8000.0, 12_000.0])
def test_bands_end_where_the_sound_does(top_hz: float) -> None:
    mel = LogMel(MEL)(torch.from_numpy(hiss(top_hz)))
    bands = bands_heard(mel, MEL)
    begins_hz = htk_hz(MEL)[:-2]
    assert bands == pytest.approx(int((begins_hz < top_hz).sum()), abs=1)
    assert bands_heard(torch.full_like(mel, -11.5), MEL) == 100, "of silence nothing can be told"


def test_something_that_is_no_speech_has_half_of_the_bands_at_least() -> None:
    assert bands_heard(LogMel(MEL)(torch.from_numpy(hiss(500.0))), MEL) == 50


def test_the_top_is_filled_from_below_it_and_the_rest_stays() -> None:
    mel = LogMel(MEL)(torch.from_numpy(hiss(8000.0)))
    bands = bands_heard(mel, MEL)
    mel[30, 95] = 1.0  # a whistle above the top
    filled = with_top(mel, bands)
    assert torch.equal(filled[:, : bands - 2], mel[:, : bands - 2]) and (filled >= mel).all() and filled[30, 95] == 1
    loud = mel.logsumexp(1) > mel.logsumexp(1).quantile(0.7)
    under = mel[loud, bands - 7 : bands - 2].mean(1)
    assert (filled[loud, bands + 5] > under - 1.5).all() and (filled[loud, -1] < filled[loud, bands + 2]).all()
    assert with_top(mel, 100) is mel


def test_what_is_made_is_cut_where_the_recording_ends() -> None:
    wave = hiss(12_000.0)
    cut = without_top(wave, 80, MEL)
    assert cut.shape == wave.shape and cut.dtype == np.float32
    top_hz = float(htk_hz(MEL)[80])
    size = np.abs(np.fft.rfft(cut)) / (np.abs(np.fft.rfft(wave)) + 1e-9)
    hz = np.fft.rfftfreq(len(wave), 1 / RATE)
    assert np.median(size[hz < 0.85 * top_hz]) == pytest.approx(1, abs=0.02)
    assert np.median(size[hz > 1.1 * top_hz]) < 0.01
