"""What docs/extending.md says can be added, added."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Annotated

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from jamflow import JamFlow, Result, UserError
from jamflow.app.cli import run
from jamflow.face.face_video import FaceVideo
from jamflow.face.mesh.space import MESH_SPACE, lip_opening_cm
from jamflow.face.mesh.tracker import MeshTracker
from jamflow.face.motion import Motion, MotionSpace, Transfer
from jamflow.face.renderer import Picture
from jamflow.face.tracker import Face, FaceTracker
from jamflow.loading import f5
from jamflow.loading.model import assemble
from jamflow.loading.renderers import Faces
from jamflow.mel_format import MelFormat
from jamflow.model.streams import AudioDiT
from jamflow.speech.vocoder import Vocoder
from jamflow.tasks.call import Call
from jamflow.tasks.inputs import About, Said, Sampled
from jamflow.tasks.speech_plan import SpeechPlan
from jamflow.tasks.table import TASKS, Task
from jamflow.text.phonemes import Phonemizer, split_symbols
from jamflow.weights.tensors import save_tensors
from tiny_base import AUDIO, SAID, awake, make_vocoder, make_voice

PORTRAIT = Path(__file__).parents[1] / "src/jamflow/assets/portraits/astronaut.png"


@dataclass(frozen=True, kw_only=True)
class Repeat(Sampled, Said):
    """A text is said several times."""

    times: Annotated[int, About("How often.", "N", low=1, high=5)] = 2


def test_a_task(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys) -> None:
    def make(call: Call, given: Repeat) -> Result:
        return call.result(SpeechPlan.of_text(call.speaker(None, None), " ".join([given.text] * given.times), 1.0))

    module = ModuleType("jamflow.tasks.repeat")
    module.make = make  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "jamflow.tasks.repeat", module)
    monkeypatch.setitem(TASKS, "repeat", Task("repeat", Repeat, speech="generated", motion="absent", saves=(".wav",)))

    argv = ["repeat", "--text", "Again.", "--nfe", "1", "-o", str(tmp_path / "a.wav")]
    assert run([*argv, "--times", "3"]) == 0 and (tmp_path / "a.wav").exists()
    assert run([*argv, "--times", "6"]) == 2 and "--times is 6, but it must be from 1 to 5" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(["repeat", "--help"])
    assert "How often." in capsys.readouterr().out
    model = JamFlow.load()
    once = model.tts("Again.", nfe=1).length_s
    assert model.make(Repeat("Again.", nfe=1, times=3)).length_s > 2.2 * once


class BarPicture:
    """A bar as high as the lips are open."""

    space: MotionSpace = MESH_SPACE
    size = (64, 64)
    warnings = ()
    times_s = None

    def clue(self, first: int, count: int, fps: Fraction) -> None:
        return None

    def speaking(self, mouth_tm: np.ndarray, fps: Fraction) -> Motion:
        count = len(mouth_tm)
        expression = np.zeros((count, self.space.n_keypoints, 3), np.float32)
        expression[:, list(self.space.mouth)] = mouth_tm.reshape(count, -1, 3)
        still = np.zeros((count, 3), np.float32)
        return Motion(expression, still, still, np.ones(count, np.float32), fps)

    def draw(self, motion: Motion, how: Transfer | None = None, first: int = 0) -> Iterator[Tensor]:
        open_cm = lip_opening_cm(motion.expression_tk3[:, list(self.space.mouth)])
        for opening in open_cm:
            frame = torch.zeros(1, 64, 64, 3, dtype=torch.uint8)
            frame[:, 63 - int(np.clip(20 * opening, 0, 60)) :] = 255
            yield frame


class BarRenderer:
    space: MotionSpace = MESH_SPACE

    def idle(self, fps: Fraction, rng: np.random.Generator) -> None:
        return None

    def prepare(self, rgb: np.ndarray, face: Face, others: Sequence[Face] = ()) -> Picture:
        return BarPicture()

    def prepare_video(self, video: FaceVideo) -> Picture:
        raise UserError("Bars are for portraits.", "Give a portrait.")


def test_a_renderer(tmp_path: Path) -> None:
    finder = FaceTracker()
    model = JamFlow(assemble("mini", torch.device("cpu")), Faces(BarRenderer(), MeshTracker(finder), finder))
    result = model.speak(PORTRAIT, "Papa, mama.", nfe=4)
    heights = np.array([(frame[:, 0, 0] == 255).sum() for frame in result.frames()])
    assert result.size == (64, 64) and heights.min() == 1 and heights.max() > 4, "shut lips and open ones"
    assert result.save(tmp_path / "bars.mp4")["frames"] == len(heights)


class Noisy(Vocoder):
    """Noise as loud as the mel."""

    def forward(self, mel_btm: Tensor) -> Tensor:
        level = mel_btm.mean(-1).exp().clamp(max=0.1)[:, 1:].repeat_interleave(self.mel_format.hop, dim=1)
        return level * torch.randn(level.shape, generator=torch.Generator().manual_seed(0))


def test_a_vocoder() -> None:
    usual = JamFlow.load().tts("Hello.", nfe=1)
    noisy = JamFlow.load(vocoder=Noisy(MelFormat())).tts("Hello.", nfe=1)
    assert len(noisy.speech.waveform) == len(usual.speech.waveform) and noisy.speech.waveform.std() > 0
    assert not np.array_equal(noisy.speech.waveform, usual.speech.waveform)
    with pytest.raises(UserError, match="vocoder"):
        JamFlow.load(vocoder=Noisy(MelFormat(hop=200)))


SOUNDS = {"c": "ʦ", "ĉ": "ʧ", "ĝ": "ʤ", "ĵ": "ʒ", "ŝ": "ʃ", "g": "ɡ", "r": "ɹ", "o": "O", "e": "ɛ", "a": "ɑ", "aŭ": "W"}


class Esperanto(Phonemizer):
    """Every letter has one sound."""

    def check(self, text: str) -> None:
        if any(char in "qwxyQWXY" for char in text):
            raise UserError("Esperanto has no such letter.", "Write it in Esperanto.")

    def __call__(self, sentence: str) -> list[str]:
        self.check(sentence)
        return split_symbols("".join(SOUNDS.get(char, char) for char in sentence.lower()))


def test_a_language() -> None:
    model = JamFlow.load(phonemizer=Esperanto())
    said = model.tts("Ĝis revido.", nfe=1)
    assert [symbol for symbol, *_ in said.phones if symbol not in "_ "] == [*"ʤisɹɛvidO."]
    assert said.speech.waveform.std() > 0
    with pytest.raises(UserError, match="no such letter"):
        model.tts("Why?")


def test_a_fine_tuned_f5_tts_with_its_own_vocabulary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys) -> None:
    letters = [" ", *"abcdefghijklmnopqrstuvwxyzTHI.,!?'ß"]
    own = replace(AUDIO, text_vocab=len(letters))
    monkeypatch.setattr(f5, "f5_config", lambda name: AUDIO)  # tiny, with the official vocabulary
    torch.manual_seed(1)
    state = awake(AudioDiT(own)).state_dict()
    save_file({f"ema_model.transformer.{k}": v for k, v in state.items()}, tmp_path / "tuned.safetensors")
    (tmp_path / "own.txt").write_text("\n".join(letters) + "\n", encoding="utf-8")
    argv = ["init", "base", "--from", str(tmp_path / "tuned.safetensors"), "--kind", "F5TTS_v1_Base", "-o", str(tmp_path / "out")]
    assert run(argv) == 2
    assert f"The model knows {len(letters)} tokens" in capsys.readouterr().err and not (tmp_path / "out").exists()
    assert run([*argv, "--vocab", str(tmp_path / "own.txt")]) == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["joint.safetensors", "vocab.txt"]
    save_tensors(tmp_path / "out/vocoder.safetensors", *make_vocoder())
    model, voice = JamFlow.load(tmp_path / "out"), make_voice(tmp_path / "me.wav")
    assert model.tts("This is a test: straße!".replace(":", ","), voice=voice, voice_text=SAID, nfe=2).speech.waveform.std() > 0
    with pytest.raises(UserError, match="'é', which F5-TTS's vocabulary lacks"):
        model.tts("the café", voice=voice, voice_text=SAID, nfe=2)
    (tmp_path / "out/vocab.txt").unlink()
    with pytest.raises(UserError, match="tokens"):
        JamFlow.load(tmp_path / "out")
