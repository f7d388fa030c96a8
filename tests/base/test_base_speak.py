"""A trained `base`, small and with random weights, speaks and moves LivePortrait's key points: the same pipeline as `mini`."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from jamflow import JamFlow
from jamflow.errors import UserError
from jamflow.face.channels import split
from jamflow.face.liveportrait.space import liveportrait_space
from jamflow.loading.joint import load_joint
from jamflow.media.image import read_image
from jamflow.media.video_writer import VideoWriter
from jamflow.model.config import base
from jamflow.speech.waveform import read_wave, write_wave
from tiny_base import SAID, load_trained, make_trained, make_voice

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
SIX = (6, 12, 14, 17, 19, 20)
LONG = "The first sentence is here. A second one follows it, and it is longer. " * 4


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    make_voice(folder / "me.wav")
    for mouth in ((14, 17, 19, 20), SIX):
        make_trained(folder / str(len(mouth)), mouth)
    return folder


@pytest.mark.parametrize("mouth", [(14, 17, 19, 20), SIX])
def test_only_the_mouth_moves(place: Path, mouth: tuple[int, ...]) -> None:
    model = load_trained(place / str(len(mouth)), mouth)
    result = model.speak(PORTRAIT, "Hello.", voice=place / "me.wav", voice_text=SAID, nfe=2)
    motion = result.motion
    assert motion is not None and motion.rest is not None
    changed = np.abs(motion.expression_tk3 - motion.rest.expression_k3).max((0, 2)) > 1e-6
    assert set(np.flatnonzero(changed)) == set(mouth)
    assert (motion.rotation_t3 == motion.rest.rotation_3).all() and (motion.scale_t == np.float32(motion.rest.scale)).all()


@pytest.mark.parametrize("wide", [False, True])
def test_animate_moves_the_mouth_alone_too(place: Path, wide: bool) -> None:
    """40 s in chunks, whatever the model is, even if it is as deep as `base` and motion sees twice as far."""
    mouth, model = (14, 17, 19, 20), place / ("wide" if wide else "4")
    if wide:
        make_trained(model, mouth, depth=base().audio.depth, window_s=0.8)
    write_wave(place / "long.wav", np.resize(read_wave(place / "me.wav", 24_000), 40 * 24_000), 24_000)
    result = load_trained(model, mouth).animate(PORTRAIT, place / "long.wav", nfe=1)
    pieces, motion = list(result.pieces()), result.motion
    assert len(pieces) >= 2 and motion is not None and len(motion) == 1000 and motion.rest is not None
    changed = np.abs(motion.expression_tk3 - motion.rest.expression_k3).max((0, 2)) > 1e-6
    assert set(np.flatnonzero(changed)) == set(mouth)
    with pytest.raises(UserError, match="No speech was made"):
        _ = result.speech


def test_the_rest_of_the_face_is_shown_to_the_model(place: Path) -> None:
    """Another portrait, the same seed: other lips, because the clue is another."""
    model = load_trained(place / "4", (14, 17, 19, 20))
    rgb = read_image(PORTRAIT)
    one, other = (
        model.speak(picture, "Hello.", voice=place / "me.wav", voice_text=SAID, nfe=2).motion
        for picture in (rgb, np.ascontiguousarray(rgb[:, ::-1]))
    )
    assert one is not None and other is not None
    lips = [split(m.expression_tk3, liveportrait_space())[0] for m in (one, other)]
    assert np.abs(lips[0] - lips[1]).max() > 1e-4


def test_several_pieces_make_one_video(place: Path, tmp_path: Path) -> None:
    model = load_trained(place / "4", (14, 17, 19, 20))
    result = model.speak(PORTRAIT, LONG, voice=place / "me.wav", voice_text=SAID, nfe=1)
    pieces = list(result.pieces())
    assert len(pieces) > 1
    samples, frames = sum(len(p.speech) for p in pieces), sum(len(p.motion) for p in pieces if p.motion is not None)
    assert 0 <= frames - Fraction(samples, 24000) * 25 < 1
    short = model.speak(PORTRAIT, "Hi.", voice=place / "me.wav", voice_text=SAID, nfe=1)
    made = short.save(tmp_path / "out.mp4")
    assert made["frames"] == len(short.motion or ()) and made["fps"] == 25.0


def test_the_checkpoint_says_which_space_it_moves(place: Path) -> None:
    assert load_joint(place / "6" / "joint.safetensors")[0].config.motion.mouth == SIX
    assert load_joint(place / "6" / "joint.safetensors")[0].config.motion.space == "liveportrait"
    assert JamFlow.load()._model.joint.config.motion.space == "mesh"


@pytest.mark.parametrize("fit", ["trim", "pause"])
def test_dub_refuses_what_a_model_that_times_its_text_cannot_do(fit: str, tmp_path: Path) -> None:
    folder = make_trained(tmp_path / "base", SIX)
    voice = make_voice(tmp_path / "me.wav")
    with VideoWriter(tmp_path / "v.mp4", 16, 16, Fraction(25)) as video:  # no face is looked for in it
        video.write_frame(np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(UserError, match=f"--fit {fit} means nothing for dub with this model. Use rate or refuse"):
        load_trained(folder, SIX).dub(tmp_path / "v.mp4", "Words.", voice=voice, voice_text=SAID, fit=fit)


def test_tags_of_a_page_are_not_read_and_numbers_stay_as_they_are_written(place: Path) -> None:
    model = load_trained(place / "4", (14, 17, 19, 20))

    def said(text: str) -> np.ndarray:
        return model.tts(text, voice=place / "me.wav", voice_text=SAID, nfe=1).speech.waveform

    assert np.array_equal(said("<p>Dr. No has <b>10</b> cats &amp; 2\u00ad dogs.</p>"), said("Dr. No has 10 cats & 2 dogs."))
    assert not np.array_equal(said("Dr. No has 10 cats."), said("Doctor No has ten cats."))
