"""JAM-Flow, loaded once and called many times: conditions in, result out.

A call keeps nothing in the model; two calls on one `JamFlow` do not see each other.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from jamflow.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.errors import UserError
from jamflow.face.idle import IdleMotion
from jamflow.face.mesh.renderer import MeshRenderer
from jamflow.face.mesh.space import follow_mouth
from jamflow.face.motion import Motion
from jamflow.face.select import select_face
from jamflow.face.tracker import FaceTracker
from jamflow.generate import Sampling, Streams, generate
from jamflow.model.checkpoint import load_joint
from jamflow.pieces import PieceOfText, TextReader, block_tokens
from jamflow.result import Look, Piece, Result, Timings
from jamflow.speech.durations import load_durations
from jamflow.speech.level import end_in_silence
from jamflow.speech.mel import HOP, SAMPLE_RATE_HZ, LogMel
from jamflow.speech.vocoder import load_vocoder
from jamflow.speech.voice import Voice, load_voice, voice_from_recording
from jamflow.tasks import TASKS, Task
from jamflow.weights.shipped import ASSETS

_TAIL_S = 0.05  # how long a last sound may ring on
_VOCODER_CONTEXT = 8  # mel frames of what came before, so that a piece does not start from nothing


class JamFlow:
    """One loaded model. Make it with `JamFlow.load`."""

    def __init__(self, folder: Path, device: torch.device):
        self._device = device
        self._model, self._normaliser = load_joint(folder / "joint.safetensors")
        self._model.to(device)
        self._normaliser.to(device)
        self._vocoder = load_vocoder(folder / "vocoder.safetensors").to(device)
        self._reader = TextReader(load_durations(folder / "durations.safetensors"), self._model.config)
        self._log_mel = LogMel()
        self._default_voice = load_voice(folder / "voice.safetensors")
        self._renderer: MeshRenderer | None = None
        self._tracker: FaceTracker | None = None

    @classmethod
    def load(cls, model: str = "mini", device: str | None = None) -> "JamFlow":
        """Load a model by name, on the GPU where there is one.

        Raises:
            UserError: there is no model of that name, or no such device.
        """
        folder = ASSETS / model
        if not (folder / "joint.safetensors").is_file():
            raise UserError(f"There is no model called {model!r} here.", "The model that ships is `mini`.")
        try:
            chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        except RuntimeError as error:
            raise UserError(f"There is no device called {device!r}.", "Use cpu or cuda.") from error
        return cls(folder, chosen)

    def speak(
        self, portrait: str | Path | np.ndarray, text: str, *, voice: str | Path | None = None, voice_text: str | None = None,
        seed: int = 0, nfe: int | None = None, speed: float = 1.0, still: bool = False, face: int | None = None,
    ) -> Result:  # fmt: skip
        """A portrait and a text become a talking video.

        Args:
            portrait: a picture file, or (H, W, 3) uint8 RGB.
            text: what to say, of any length, in English.
            voice: a recording of the voice to speak with; None is the model's own.
            voice_text: what is said in `voice`, if known.
            seed: the same seed gives the same result.
            nfe: solver steps; None is the model's own choice.
            speed: 2 speaks twice as fast.
            still: keep head, brows and eyes as they are in the picture.
            face: which face, from the left, where there are several; None takes the largest.

        Raises:
            UserError: the portrait, the text or the voice cannot be used.
        """
        timings = Timings()
        with timings("portrait"):
            look, warnings = self._prepare(portrait, face)
        return self._result(TASKS["speak"], text, voice, voice_text, seed, nfe, speed, still, look, warnings, timings)

    def tts(
        self, text: str, *, voice: str | Path | None = None, voice_text: str | None = None,
        seed: int = 0, nfe: int | None = None, speed: float = 1.0,
    ) -> Result:  # fmt: skip
        """A text becomes speech; arguments as for `speak`."""
        return self._result(TASKS["tts"], text, voice, voice_text, seed, nfe, speed, True, None, [], Timings())

    def _prepare(self, portrait: str | Path | np.ndarray, face: int | None) -> tuple[Look, list[str]]:
        from jamflow.media.image import read_image

        rgb = portrait if isinstance(portrait, np.ndarray) else read_image(portrait)
        tracker = self._tracker = self._tracker or FaceTracker()
        renderer = self._renderer = self._renderer or MeshRenderer()
        chosen, warnings = select_face(rgb, tracker, face)
        picture = renderer.prepare(rgb, chosen)
        return Look(picture), [*warnings, *picture.warnings]

    def _result(
        self, task: Task, text: str, voice: str | Path | None, voice_text: str | None, seed: int, nfe: int | None, speed: float,
        still: bool, look: Look | None, warnings: list[str], timings: Timings,
    ) -> Result:  # fmt: skip
        """Checks everything that can be checked before the first piece is made."""
        sampling = Sampling() if nfe is None else Sampling(steps=nfe)
        with timings("text"):
            next(self._reader.pieces(text, speed))  # refuses what cannot be spoken, before any work
        prompt = self._default_voice if voice is None else self._voice(voice, voice_text)
        fps = Fraction(self._model.config.motion_fps).limit_denominator(1001)

        def make(timings: Timings) -> Iterator[Piece]:
            idle = None if still else IdleMotion(fps, np.random.default_rng(seed))
            for number, piece in enumerate(self._reader.pieces(text, speed)):
                generator = torch.Generator().manual_seed(seed * 100_003 + number)
                yield self._speak_piece(task, piece, prompt, sampling, generator, idle, fps, timings)

        def expected_s() -> float:
            return sum(p.phones[-1][2] for p in self._reader.pieces(text, speed))

        settings: dict[str, Any] = {"seed": seed, "nfe": sampling.steps}
        return Result(make, expected_s, SAMPLE_RATE_HZ, fps, look, warnings, settings, timings)

    def _voice(self, path: str | Path, text: str | None) -> Voice:
        from jamflow.speech.waveform import read_wave

        config = self._model.config
        wave = read_wave(path)
        block = block_tokens(config) * config.frames_per_token * HOP
        prompt = voice_from_recording(wave, self._log_mel, block, config.frames_per_token)
        # Only where the whole recording became the prompt is its text known to belong to it.
        if text and len(prompt.mel_fm) * HOP >= len(wave):
            return Voice(prompt.mel_fm, self._reader.spread(text, len(prompt.text_a)))
        return prompt

    def _speak_piece(
        self, task: Task, piece: PieceOfText, voice: Voice, sampling: Sampling, generator: torch.Generator,
        idle: IdleMotion | None, fps: Fraction, timings: Timings,
    ) -> Piece:  # fmt: skip
        """The voice's prompt is given, the piece after it is generated; only the piece is kept."""
        config = self._model.config
        prompt_tokens = len(voice.text_a)
        tokens = prompt_tokens + piece.tokens
        given_a = torch.arange(tokens) < prompt_tokens
        frames = round(tokens / config.token_rate_hz * float(fps))
        prompt_frames = round(prompt_tokens / config.token_rate_hz * float(fps))
        mouth_given = torch.arange(frames) < (0 if voice.mouth_tc is None else prompt_frames)
        conditions = Conditions(
            tokens,
            SpeechCondition(task.speech, voice.mel_fm, given_a, torch.cat([voice.text_a, piece.text_a])),
            MotionCondition(task.motion, voice.mouth_tc, mouth_given),
        )
        with timings("model"):
            streams = generate(self._model, self._normaliser, conditions, sampling, generator)
        with timings("vocoder"):
            speech = self._vocode(streams, prompt_tokens * config.frames_per_token)
        _, over_s, _ = piece.phones[-1]
        speech = end_in_silence(speech, over_s + _TAIL_S, SAMPLE_RATE_HZ)
        motion = None
        if streams.mouth_tc is not None:
            mouth = streams.mouth_tc[prompt_frames:].reshape(-1, config.motion.mouth_channels // 3, 3).cpu().numpy()
            motion = _with_idle(follow_mouth(mouth), speech, idle, fps)
        return Piece(speech, motion, piece.phones)

    @torch.inference_mode()
    def _vocode(self, streams: Streams, first_frame: int) -> np.ndarray:
        """(N,) samples from `first_frame` on: a whole number of hops."""
        assert streams.mel_fm is not None
        start = max(0, first_frame - _VOCODER_CONTEXT)
        mel = torch.cat([streams.mel_fm[start:], streams.mel_fm[-1:]])  # the last frame is centred on the end
        wave = self._vocoder(mel[None].float())[0]
        return wave[(first_frame - start) * HOP :].clamp(-1, 1).cpu().numpy()


def _with_idle(e_tk3: np.ndarray, speech: np.ndarray, idle: IdleMotion | None, fps: Fraction) -> Motion:
    """Mouth motion on a living head: blinks, brows, small nods in step with the speech's loudness."""
    n = len(e_tk3)
    rotation, translation = np.zeros((n, 3), np.float32), np.zeros((n, 3), np.float32)
    if idle is not None:
        edges = np.linspace(0, len(speech), n + 1).astype(int)
        energy = np.concatenate([[0.0], np.cumsum(speech.astype(np.float64) ** 2)])
        loudness = np.sqrt(np.diff(energy[edges]) / np.maximum(np.diff(edges), 1))
        extra, rotation, translation = idle.step(loudness)
        e_tk3 = e_tk3 + extra
    return Motion(e_tk3.astype(np.float32), rotation, translation, np.ones(n, np.float32), fps)
