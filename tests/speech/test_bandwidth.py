"""A recording that lacks its top is told by its spectrum, filled for the model, and stays without it in the result."""

from pathlib import Path

import numpy as np
import pytest
import soxr
import torch

from jamflow import JamFlow
from jamflow.mel_format import MelFormat
from jamflow.speech.bandwidth import bands_heard, with_top, without_top
from jamflow.speech.level import to_model_level
from jamflow.speech.mel import LogMel

MEL = MelFormat()


@pytest.fixture(scope="module")
def wave() -> np.ndarray:
    return to_model_level(JamFlow.load("mini", device="cpu").tts("Six sisters see the fish and chips.", nfe=6).speech.waveform)


def narrow(wave: np.ndarray, rate_hz: int) -> np.ndarray:
    return soxr.resample(soxr.resample(wave, 24000, rate_hz, quality="HQ"), rate_hz, 24000, quality="HQ")[: len(wave)]


def mel_of(wave: np.ndarray) -> torch.Tensor:
    return LogMel(MEL)(torch.from_numpy(np.ascontiguousarray(wave, np.float32)))


@pytest.mark.parametrize(("rate_hz", "bands"), [(8000, 65), (16000, 87), (24000, 100)])
def test_bands_end_where_the_recording_does(wave: np.ndarray, rate_hz: int, bands: int) -> None:
    assert bands_heard(mel_of(narrow(wave, rate_hz)), MEL) == pytest.approx(bands, abs=2)


def test_a_whole_recording_stays_as_it_is(wave: np.ndarray) -> None:
    mel = mel_of(wave)
    assert bands_heard(mel, MEL) == MEL.bands and with_top(mel, MEL.bands) is mel
    assert without_top(wave, MEL.bands, MEL) is wave


@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_the_top_is_filled_and_the_rest_is_not_touched(wave: np.ndarray, rate_hz: int) -> None:
    mel = mel_of(narrow(wave, rate_hz))
    bands = bands_heard(mel, MEL)
    filled = with_top(mel, bands)
    assert torch.equal(filled[:, : bands - 2], mel[:, : bands - 2])
    loud = mel.logsumexp(1) > mel.logsumexp(1).quantile(0.6)
    assert filled[loud][:, bands:].mean() > mel[loud][:, bands:].mean() + 5
    assert bands_heard(filled, MEL) == MEL.bands


def test_what_is_made_has_no_more_than_the_recording(wave: np.ndarray) -> None:
    bands = bands_heard(mel_of(narrow(wave, 16000)), MEL)
    cut = without_top(wave, bands, MEL)
    assert cut.shape == wave.shape and bands_heard(mel_of(cut), MEL) == pytest.approx(bands, abs=2)
    low = np.abs(np.fft.rfft(cut - wave))[: len(wave) * 7000 // 24000]
    assert np.sqrt((low**2).sum()) < 0.02 * np.sqrt((np.abs(np.fft.rfft(wave)) ** 2).sum())


def test_an_edit_of_a_narrow_recording_stays_narrow(wave: np.ndarray, tmp_path: Path) -> None:
    from jamflow.speech.waveform import write_wave

    path = tmp_path / "narrow.wav"
    write_wave(path, narrow(wave, 16000), 24_000)
    result = JamFlow.load("mini", device="cpu").edit(
        path, change=("sisters", "brothers"), transcript="Six sisters see the fish and chips.", nfe=4
    )
    report = result.save(tmp_path / "new.wav")
    start, end = (round(s * 24000) for s in report["new_s"])
    made = result.speech.waveform[start + 500 : end - 500]
    spectrum = np.abs(np.fft.rfft(made * np.hanning(len(made)))) ** 2
    assert spectrum[len(made) * 8600 // 24000 :].sum() < 1e-5 * spectrum.sum()
