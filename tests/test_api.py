"""The Python API: what it offers, that it checks what it is given, and that any combination of streams can be generated."""

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import jamflow
from jamflow import Conditions, JamFlow, MotionCondition, Sampling, SpeechCondition, UserError
from jamflow.media.coded_sound import CODED_SUFFIXES
from jamflow.media.files import SOUND_SUFFIXES
from jamflow.media.image import PictureSource
from jamflow.speech.waveform import write_wave
from jamflow.tasks.inputs import described
from jamflow.tasks.table import TASKS, Speak, task_of

PORTRAIT = Path(__file__).parents[1] / "src/jamflow/assets/portraits/astronaut.png"
TOKENS = 48
FRAMES = 26  # 48 tokens at 46.875 Hz last 1.024 s


@pytest.fixture(scope="module")
def model() -> JamFlow:
    return JamFlow.load()


def test_every_task_is_a_method_with_the_inputs_of_its_row() -> None:
    for task in TASKS.values():
        method = getattr(JamFlow, task.name)
        _, *own = inspect.signature(method).parameters.values()
        assert [one.name for one in own] == list(inspect.signature(task.inputs).parameters)
        assert method.__name__ == task.name and task.summary in method.__doc__
        for name, _, about in described(task.inputs):
            assert f"{name}: {about.help}" in method.__doc__
    assert "portrait" in inspect.signature(jamflow.reenact).parameters
    assert set(dir(jamflow)) == set(jamflow.__all__) and all(getattr(jamflow, name) for name in jamflow.__all__)


def test_the_table_knows_what_can_be_written_and_read() -> None:
    assert (".wav", *CODED_SUFFIXES) == SOUND_SUFFIXES
    assert set(PictureSource.__args__) >= {str, bytes, np.ndarray}
    assert task_of(Speak(PORTRAIT, "Hi.")).name == "speak"


def test_a_plain_import_is_light() -> None:
    code = "import sys, jamflow\nprint(*{'torch', 'cv2', 'av', 'numpy', 'PIL'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == []


BAD = {
    "nfe": (0, 129, 2.5, "3", True, float("nan")),
    "speed": (-1, 0, 0.4, 2.1, float("nan"), "fast", True),
    "seed": (-1, 2**63, 1.5, "one"),
    "guidance": (-0.1, 10.5, float("nan"), "much"),
    "face": (0, -1, 1.5, True, "left"),
    "text": ("", " \n", "...", None, 3, b"bytes"),
    "voice": ("none.wav", ".", 3),
    "portrait": (
        3,
        None,
        "none.png",
        b"no picture",
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((128, 128, 3)),
        np.zeros((2, 3, 4, 5)),
    ),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_bad_values_are_refused_below_the_command_line(model: JamFlow, name: str, value: object) -> None:
    given = {"portrait": PORTRAIT, "text": "Hello."} | {name: value}
    with pytest.raises(UserError) as caught:
        model.speak(**given)
    assert caught.value.hint and "\n" not in str(caught.value)


@pytest.mark.parametrize("task", ["lipsync", "dub", "retell"])
def test_an_unknown_fit_is_refused(model: JamFlow, tmp_path: Path, task: str) -> None:
    write_wave(tmp_path / "a.wav", np.zeros(24_000), 24_000)
    given = {"video": PORTRAIT} | ({"speech": tmp_path / "a.wav"} if task == "lipsync" else {"text": "Hi."})
    with pytest.raises(UserError, match="'banana'"):
        getattr(model, task)(**given, fit="banana")


def test_length_size_and_rate_are_known_before_it_is_made(model: JamFlow) -> None:
    result = model.speak(PORTRAIT, "Hello there.", nfe=1)
    assert result.timings.keys() <= {"portrait", "text"}, "nothing was generated yet"
    frames = list(result.frames())
    assert result.size == (frames[0].shape[1], frames[0].shape[0]) and result.fps == 25
    assert result.length_s == pytest.approx(len(frames) / 25) == len(result.speech.waveform) / 24_000
    sound = model.tts("Hello there.", nfe=1)
    assert (sound.size, sound.fps) == (None, None) and sound.length_s == result.length_s


def test_mini_starts_from_less_noise_than_in_training(model: JamFlow) -> None:
    """What is decided in docs/decisions.md, "temperatures under 1"; `Sampling`'s own are 1, as F5-TTS has them."""
    for name in ("speech_temperature", "motion_temperature"):
        assert 0 < getattr(model.sampling, name) < getattr(Sampling(), name) == 1


def test_guidance_is_that_of_the_call(model: JamFlow) -> None:
    usual = model.tts("Hi.", nfe=2).speech.waveform
    own = model.sampling.speech_guidance
    assert np.array_equal(model.tts("Hi.", nfe=2, guidance=own).speech.waveform, usual)
    assert not np.array_equal(model.tts("Hi.", nfe=2, guidance=0).speech.waveform, usual)


def conditions(speech: str, motion: str) -> Conditions:
    draw = torch.Generator().manual_seed(3)
    mel = torch.randn(2 * TOKENS, 100, generator=draw) - 5
    mouth = 0.1 * torch.randn(FRAMES, 18, generator=draw)
    text = torch.full((TOKENS,), 5)
    half_a, half_t = torch.arange(TOKENS) < 20, torch.arange(FRAMES) >= 15
    return Conditions(
        TOKENS,
        {
            "absent": SpeechCondition("absent"),
            "given": SpeechCondition("given", mel),
            "generated": SpeechCondition("generated", text_n=text),
            "continued": SpeechCondition("generated", mel, half_a, text),
        }[speech],
        {
            "absent": MotionCondition("absent"),
            "given": MotionCondition("given", mouth),
            "generated": MotionCondition("generated"),
            "ended": MotionCondition("generated", mouth, half_t, torch.zeros(FRAMES, 36)),
        }[motion],
    )


@pytest.mark.parametrize("motion", ["absent", "given", "generated", "ended"])
@pytest.mark.parametrize("speech", ["absent", "given", "generated", "continued"])
def test_any_combination_can_be_generated(model: JamFlow, speech: str, motion: str) -> None:
    asked = conditions(speech, motion)
    made = model.generate(
        asked, Sampling(steps=2, method="midpoint", sway=None, speech_guidance=0.5, motion_guidance=2.0), seed=4
    )
    for out, given, places, role in (
        (made.mel_fm, asked.speech.mel_fm, asked.speech.given_a, asked.speech.role),
        (made.mouth_tc, asked.motion.mouth_tc, asked.motion.given_t, asked.motion.role),
    ):
        if role == "absent":
            assert out is None
            continue
        assert out is not None and torch.isfinite(out).all()
        if role == "given":
            assert torch.equal(out, given)
        elif places is not None:
            keep = places.repeat_interleave(len(out) // len(places))
            assert torch.equal(out[keep], given[keep]) and not torch.equal(out[~keep], given[~keep])
    again = model.generate(
        asked, Sampling(steps=2, method="midpoint", sway=None, speech_guidance=0.5, motion_guidance=2.0), seed=4
    )
    other = model.generate(asked, Sampling(steps=2), seed=4)
    for one, two, third in zip(vars(made).values(), vars(again).values(), vars(other).values(), strict=True):
        assert (one is None) == (two is None) and (one is None or torch.equal(one, two))
        assert one is None or torch.equal(one, third) == ("given" in (speech if one is made.mel_fm else motion))


def test_what_does_not_fit_the_model_is_one_sentence(model: JamFlow) -> None:
    with pytest.raises(UserError, match="cannot be generated: mel has the shape"):
        model.generate(Conditions(TOKENS, SpeechCondition("given", torch.zeros(96, 80)), MotionCondition("absent")))
    for wrong in (
        {"steps": 0},
        {"steps": 1.5},
        {"method": "heun"},
        {"speech_guidance": float("nan")},
        {"motion_temperature": -0.1},
    ):
        with pytest.raises(ValueError):
            Sampling(**wrong)
