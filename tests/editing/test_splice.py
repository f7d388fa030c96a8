"""How new sound is cut into a recording: where, faded at both ends, and at the recording's level."""

from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from jamflow.editing.splice import Cut, Window, cut, patch, window
from jamflow.editing.support import EditSupport
from jamflow.editing.timeline import EditTimeline
from jamflow.model.config import mini
from jamflow.sampling.conditions import SpeechCondition
from jamflow.sampling.generate import Streams
from jamflow.speech.mel import LogMel
from jamflow.speech.original import Original, open_original
from jamflow.speech.waveform import write_wave

CONFIG = mini(9)
RATE = 24_000


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Original:
    """Twenty seconds of noise around 0.2."""
    path: Path = tmp_path_factory.mktemp("sound") / "a.wav"
    write_wave(path, (0.2 + 0.05 * np.random.default_rng(0).standard_normal(20 * RATE)).astype(np.float32), 24_000)
    return open_original(path)


def change(start_s: F, end_s: F, new_s: F) -> EditTimeline:
    return EditTimeline(start_s, end_s, new_s, [], [], True)


def test_a_little_of_the_neighbouring_sounds_is_replaced_with_the_words(recording: Original) -> None:
    """A tenth of a second before, for sounds run into what follows them, and a fiftieth after."""
    place = cut(change(F(5), F(6), F(3, 2)), recording)
    assert (place.start, place.end) == (RATE * 49 // 10, RATE * 602 // 100)
    assert place.new - (place.end - place.start) == RATE // 2 and place.shift_s == F(1, 2)
    first, last = cut(change(F(0), F(1), F(1)), recording), cut(change(F(19), F(20), F(1, 2)), recording)
    assert first.start == 0 and last.end == 20 * RATE and last.shift_s == F(-1, 2)


def support(gain: float, bands: int = 100) -> EditSupport:
    return EditSupport(
        None, lambda change, from_s, tokens: torch.zeros(tokens), lambda wave: gain, lambda mel: bands, lambda mel: mel
    )


def test_the_model_sees_five_seconds_to_either_side_and_not_what_is_replaced(recording: Original) -> None:
    place = cut(change(F(10), F(11), F(2)), recording)
    view = window(change(F(10), F(11), F(2)), place, recording, CONFIG, support(2.0))
    block_s = F(8, 25)
    assert view.start_s % block_s == 0 and F(99, 10) - 5 - block_s < view.start_s <= F(99, 10) - 5
    assert view.span_s == (F(99, 10), F(99, 10) + F(place.new, RATE))
    length_s = float(view.span_s[1]) + 5 - float(view.start_s)
    assert view.tokens == pytest.approx(length_s * CONFIG.token_rate_hz, abs=1)
    mel, given = view.speech.mel_fm, view.speech.given_a
    assert mel is not None and given is not None and len(mel) == 2 * view.tokens
    at_s = float(view.start_s) + (np.arange(view.tokens) + 0.5) / CONFIG.token_rate_hz
    hidden = ~given.numpy()
    inside = (at_s > float(view.span_s[0])) & (at_s < float(view.span_s[1]))
    assert hidden[inside].all()
    reach_s = 512 / RATE + 1.01 / CONFIG.token_rate_hz
    far = (at_s < float(view.span_s[0]) - reach_s) | (at_s > float(view.span_s[1]) + reach_s)
    assert given.numpy()[far].all()
    heard = LogMel(CONFIG.mel)(torch.from_numpy(2 * recording.resampled(RATE, round(view.start_s * RATE), 20 * RATE)))
    before = given.repeat_interleave(2) & (torch.arange(2 * view.tokens) < view.tokens)
    torch.testing.assert_close(mel[before], heard[: len(mel)][before])  # it hears nothing of the gap
    moved = round((view.start_s - place.shift_s) * RATE)
    again = LogMel(CONFIG.mel)(torch.from_numpy(2 * recording.resampled(RATE, moved, moved + 512 * view.tokens)))
    after = given.repeat_interleave(2) & (torch.arange(2 * view.tokens) > view.tokens)
    after[-4:] = False  # the end of what is seen
    torch.testing.assert_close(mel[after], again[: len(mel)][after])
    louder = window(change(F(10), F(11), F(2)), place, recording, CONFIG, support(4.0)).speech.mel_fm
    assert louder is not None
    torch.testing.assert_close((louder - mel)[given.repeat_interleave(2)].median(), torch.tensor(np.log(2), dtype=torch.float32))


def test_lips_outside_of_the_span_are_given(recording: Original) -> None:
    place = cut(change(F(10), F(11), F(2)), recording)
    view = window(change(F(10), F(11), F(2)), place, recording, CONFIG, support(1.0))
    frames = view.frames(CONFIG)
    assert frames[0] == float(view.start_s) and len(frames) == CONFIG.motion_frames(view.tokens)
    np.testing.assert_allclose(np.diff(frames), 1 / 25)
    motion = view.conditions(CONFIG, np.zeros((len(frames), 18), np.float32), None).motion
    assert motion.role == "generated" and motion.given_t is not None
    start, end = map(float, view.span_s)
    assert motion.given_t.tolist() == [not start <= t < end for t in frames]
    assert view.conditions(CONFIG, None, None).motion.role == "absent"


def patched(recording: Original, place: Cut, start_s: F, gain: float = 1.0, level: float = 0.5) -> np.ndarray:
    """The vocoder tells the sample's number, 1e-6 each, above a level."""

    def vocoder(mel: Tensor) -> Tensor:
        return level + 1e-6 * torch.arange((mel.shape[1] - 1) * 256, dtype=torch.float32)[None]

    tokens = 400
    view = Window(start_s, (F(0), F(0)), tokens, SpeechCondition("generated"), gain, 100, CONFIG.mel)
    return patch(Streams(torch.zeros(2 * tokens, 100), None), view, place, recording, vocoder)


def test_new_sound_begins_in_time_and_is_faded_at_both_ends(recording: Original) -> None:
    place = Cut(5 * RATE, 6 * RATE, 30_000, RATE)
    out = patched(recording, place, F(4))
    assert len(out) == 30_000
    fade = RATE // 100
    np.testing.assert_allclose(out[fade:-fade], 0.5 + 1e-6 * (RATE + np.arange(fade, 30_000 - fade)), atol=1e-6)
    kept, again = recording.part(place.start, place.start + fade), recording.part(place.end - fade, place.end)
    assert np.abs(out[:5] - kept[:5]).max() < 0.02 and np.abs(out[-5:] - again[-5:]).max() < 0.02
    share = (out[:fade] - kept) / (0.5 + 1e-6 * (RATE + np.arange(fade)) - kept)
    assert (np.diff(share) > 0).all() and share[fade // 2] == pytest.approx(0.5, abs=0.02)


def test_new_sound_has_the_recordings_level_and_stays_in_range(recording: Original) -> None:
    place = Cut(5 * RATE, 6 * RATE, 30_000, RATE)
    assert patched(recording, place, F(4), gain=2.0)[15_000] == pytest.approx(0.25, abs=0.03)
    assert patched(recording, place, F(4), level=3.0)[15_000] == 1.0


def test_nothing_is_faded_where_the_recording_begins_or_ends(recording: Original) -> None:
    whole = Cut(0, 20 * RATE, 30_000, RATE)
    out = patched(recording, whole, F(0))
    np.testing.assert_allclose(out, 0.5 + 1e-6 * np.arange(30_000), atol=1e-6)
