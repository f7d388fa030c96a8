"""A voice that is a video brings its lips: the stretch of them that belongs to the prompt, and none that were not seen."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import jamflow.tasks.pieces
from jamflow import JamFlow
from jamflow.face.framing import frame_face
from jamflow.face.mesh.renderer import MeshRenderer
from jamflow.face.mesh.space import follow_mouth
from jamflow.face.motion import Motion
from jamflow.face.tracker import FaceTracker
from jamflow.media.image import read_image
from jamflow.media.video_writer import VideoWriter
from jamflow.sampling.conditions import Conditions
from jamflow.sampling.generate import generate
from jamflow.speech.waveform import read_wave, write_wave

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
FPS, RATE_HZ, SILENT_S, FRAMES = Fraction(25), 24_000, 1.0, 75
OPENING_T = 0.5 + 0.4 * np.sin(np.arange(FRAMES) ** 1.5 / 9)  # never twice the same
HIDDEN = slice(55, 65)  # frames without a face


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portrait, talking for 3 s, with sound from the second second on; for a while there is no face."""
    e_tm3 = np.zeros((FRAMES, 6, 3), np.float32)
    e_tm3[:, 2, 1], e_tm3[:, 3, 1], e_tm3[:, 5, 1] = 0.1 * OPENING_T, -0.9 * OPENING_T, -0.85 * OPENING_T
    zero = np.zeros((FRAMES, 3), np.float32)
    motion = Motion(follow_mouth(e_tm3), zero, zero, np.ones(FRAMES, np.float32), FPS)
    rgb = read_image(PORTRAIT)
    picture = MeshRenderer().prepare(*frame_face(rgb, FaceTracker().find(rgb)[0], 512))
    path = tmp_path_factory.mktemp("voice") / "voice.mp4"
    rng, n = np.random.default_rng(0), int(2 * RATE_HZ)
    sound = 0.2 * rng.standard_normal(n) * (0.55 + 0.45 * np.sin(8 * np.pi * np.arange(n) / RATE_HZ))
    with VideoWriter(path, *picture.size, FPS, RATE_HZ) as writer:
        for number, batch in enumerate(picture.draw(motion)):
            writer.write_frame(np.zeros_like(batch[0].numpy()) if number in range(75)[HIDDEN] else batch[0].numpy())
        writer.write_audio(np.concatenate([np.zeros(int(SILENT_S * RATE_HZ)), sound]).astype(np.float32))
    return path


def conditions(voice: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Conditions, np.ndarray]:
    """What the model is given, and the lips that come out of it."""
    seen: list[Conditions] = []

    def spy(model, normaliser, given: Conditions, *rest):
        seen.append(given)
        out = generate(model, normaliser, given, *rest)
        assert out.mouth_tc is not None
        seen_lips.append(out.mouth_tc.numpy())
        return out

    seen_lips: list[np.ndarray] = []
    monkeypatch.setattr(jamflow.tasks.pieces, "generate", spy)
    next(JamFlow.load(device="cpu").speak(PORTRAIT, "Hello.", voice=voice, nfe=1).pieces())
    return seen[0], seen_lips[0]


def test_lips_of_the_prompt_are_given_in_time_with_its_sound(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, made_tc = conditions(video, monkeypatch)
    motion = given.motion
    assert motion.mouth_tc is not None and motion.given_t is not None
    prompt = len(motion.mouth_tc)
    mouth_tm3 = motion.mouth_tc.numpy().reshape(prompt, -1, 3)
    opening_t = mouth_tm3[:, 2, 1] - mouth_tm3[:, 3, 1]
    first = round((SILENT_S - 0.15) * 25)  # 0.15 s of the silence stay
    shown = np.flatnonzero(motion.given_t[:prompt].numpy())
    assert len(shown) > 30 and not motion.given_t[prompt:].any()
    right = np.corrcoef(opening_t[shown], OPENING_T[first + shown])[0, 1]
    wrong = [np.corrcoef(opening_t[shown], OPENING_T[first + by + shown])[0, 1] for by in (-3, 3) if first + by + shown[-1] < 75]
    assert right > 0.9 > max(wrong)
    np.testing.assert_array_equal(made_tc[shown], motion.mouth_tc.numpy()[shown])


def test_what_was_not_seen_or_is_filled_up_is_not_given(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, _ = conditions(video, monkeypatch)
    assert given.motion.given_t is not None and given.motion.mouth_tc is not None
    first = round((SILENT_S - 0.15) * 25)
    frames = np.arange(len(given.motion.mouth_tc)) + first
    hidden = (frames > HIDDEN.start) & (frames < HIDDEN.stop - 2) | (frames >= FRAMES + 1)
    known = given.motion.given_t[: len(frames)].numpy()
    assert not known[hidden].any() and known[frames < HIDDEN.start - 1].all()


def test_sound_alone_gives_no_lips(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "voice.wav"
    write_wave(path, read_wave(video, 24_000), 24_000)
    given, _ = conditions(path, monkeypatch)
    assert given.motion.given_t is not None and not given.motion.given_t.any()


def test_a_video_without_a_face_is_a_voice_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, rng = tmp_path / "dark.mp4", np.random.default_rng(0)
    with VideoWriter(path, 64, 64, FPS, RATE_HZ) as writer:
        for _ in range(50):
            writer.write_frame(np.zeros((64, 64, 3), np.uint8))
        writer.write_audio((0.1 * rng.standard_normal(2 * RATE_HZ)).astype(np.float32))
    given, _ = conditions(path, monkeypatch)
    assert given.motion.given_t is not None and not given.motion.given_t.any()
