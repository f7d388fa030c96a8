"""The sound of spans of a file, in pieces, and in memory that does not grow with the file."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from sources import RATE_HZ

from jamflow.prepare.tape import LONGEST_S, Tape
from jamflow.speech.recording import open_recording
from jamflow.speech.waveform import WaveWriter, write_wave


def pulses(seconds: float, quiet_s: list[float]) -> np.ndarray:
    """Noise that is the louder the later it is, silent for 0.2 s around some times."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, len(time_s)) * (0.2 + time_s / seconds)
    for quiet in quiet_s:
        wave[np.abs(time_s - quiet) < 0.1] = 0
    return wave


def test_spans_come_as_they_are_in_the_file(tmp_path: Path) -> None:
    wave = pulses(12, [])
    write_wave(tmp_path / "a.wav", wave, RATE_HZ)
    recording = open_recording(tmp_path / "a.wav", RATE_HZ)
    spans = [(0.5, 2.0), (2.0, 2.5), (7.25, 9.0), (11.5, 14.0)]
    tape = Tape(recording)
    for start_s, end_s in spans:
        ((found_s, part),) = tape.pieces(start_s, end_s)
        assert found_s == pytest.approx(start_s)
        np.testing.assert_allclose(part, wave[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)], atol=1e-4)
    assert list(tape.pieces(20.0, 21.0)) == []


def test_long_spans_are_cut_where_it_is_quiet(tmp_path: Path) -> None:
    write_wave(tmp_path / "a.wav", pulses(50, [5, 14, 31, 36]), RATE_HZ)
    found = list(Tape(open_recording(tmp_path / "a.wav", RATE_HZ)).pieces(0.0, 50.0))
    starts = [start_s for start_s, _ in found]
    assert starts[:3] == pytest.approx([0, 14, 31], abs=0.1)
    assert all(len(part) <= LONGEST_S * RATE_HZ for _, part in found)
    assert sum(len(part) for _, part in found) == 50 * RATE_HZ, "nothing is lost"


def test_an_hour_needs_no_more_memory_than_a_minute(tmp_path: Path) -> None:
    with WaveWriter(tmp_path / "hour.wav", 8000) as writer:
        minute = np.interp(np.arange(60 * 8000), np.arange(60 * 8000), pulses(20, [5])[: 60 * 8000])
        for _ in range(60):
            writer.write(minute)
    recording = open_recording(tmp_path / "hour.wav", RATE_HZ)
    tracemalloc.start()
    total = sum(len(part) for _, part in Tape(recording).pieces(0.0, 3600.0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 3600 * RATE_HZ
    assert peak < 30e6, "the whole hour would be 345 MB"
