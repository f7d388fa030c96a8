"""What is said and seen, piece by piece: conditions for the model, its streams, sound and the face's motion."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jamflow.face.frame_clock import FrameClock
from jamflow.face.idle import IdleMotion
from jamflow.face.motion import Motion
from jamflow.face.renderer import Picture
from jamflow.loading.model import LoadedModel
from jamflow.media.video_reader import track_warnings
from jamflow.model.config import JointConfig
from jamflow.result import Look, Passed, Piece, Timings
from jamflow.sampling.conditions import Conditions, MotionCondition, Role, SpeechCondition
from jamflow.sampling.generate import Sampling, generate
from jamflow.sampling.given_speech import utterances
from jamflow.sampling.utterance import Sound, Utterance
from jamflow.sampling.windows import frame_noise
from jamflow.speech.mel import SAMPLE_RATE_HZ
from jamflow.speech.recording import Recording
from jamflow.tasks.table import Task
from jamflow.voices.reader import Speaker


@dataclass(frozen=True)
class SpeechPlan:
    """What a result says.

    utterances: in order, anew at every call. expected_s: how long they last, about. sound: how what is generated becomes
    sound; None where nothing of it is heard. heard: the sound of the result. guidance: how it is guided, if not as usual.
    adapt_to_fm: (F, mel bands) of a voice to which the model is adapted before it speaks, or None.
    """

    utterances: Callable[[], Iterator[Utterance]]
    expected_s: Callable[[], float]
    sound: Callable[[], Sound] | None
    heard: int | Passed
    warnings: Sequence[str]
    guidance: dict[str, Any] = field(default_factory=dict)
    adapt_to_fm: Tensor | None = None

    @classmethod
    def of_text(cls, speaker: Speaker, text: str, speed: float, voice: str | Path | None) -> "SpeechPlan":
        """A text read out, by a speaker with the voice of a recording or its own.

        Raises:
            UserError: it cannot be spoken; all that can be checked is, before the first piece is made.
        """
        next(speaker.utterances(text, speed))

        def expected_s() -> float:
            return sum(float(utterance.length_s) for utterance in speaker.utterances(text, speed))

        warnings = [*([] if voice is None else track_warnings(voice)), *speaker.warnings]
        return cls(
            lambda: speaker.utterances(text, speed),
            expected_s,
            speaker.sound,
            SAMPLE_RATE_HZ,
            warnings,
            adapt_to_fm=speaker.adapt_to_fm,
        )

    @classmethod
    def of_recording(cls, recording: Recording, config: JointConfig) -> "SpeechPlan":
        """What is said in a recording, whose sound is passed on."""
        heard = Passed(recording.path, recording.start_s)
        warnings = track_warnings(recording.path)
        return cls(lambda: utterances(recording, config), lambda: float(recording.length_s), None, heard, warnings)


@dataclass(frozen=True)
class PieceMaker:
    """A model that plays a task: nothing is kept from one call to the next."""

    parts: LoadedModel
    sampling: Sampling
    seed: int

    @property
    def fps(self) -> Fraction:
        return self.parts.joint.config.exact_motion_fps

    def pieces(
        self, task: Task, speech_plan: SpeechPlan, look: Look | None, idle: IdleMotion | None, timings: Timings
    ) -> Iterator[Piece]:
        sound = speech_plan.sound and speech_plan.sound()
        clock = FrameClock(self.fps, None if look is None else look.picture.times_s)
        for number, utterance in enumerate(speech_plan.utterances()):
            yield self._piece(task, utterance, sound, look, self._noise(utterance, number), idle, clock, timings)

    def _noise(self, utterance: Utterance, number: int) -> tuple[torch.Generator, Tensor | None]:
        """A piece's own, or that of its frames where it is a window of something longer."""
        generator = torch.Generator().manual_seed((self.seed * 100_003 + number) % 2**63)
        if utterance.first_frame is None:
            return generator, None
        config = self.parts.joint.config
        frames = config.motion_frames(utterance.tokens)
        return generator, frame_noise(self.seed, utterance.first_frame, frames, config.motion.mouth_channels)

    def _piece(
        self,
        task: Task,
        utterance: Utterance,
        sound: Sound | None,
        look: Look | None,
        noise: tuple[torch.Generator, Tensor | None],
        idle: IdleMotion | None,
        clock: FrameClock,
        timings: Timings,
    ) -> Piece:
        """The voice is given, the piece after it is generated; only the piece is kept."""
        lips = MotionCondition(task.motion, utterance.lips and utterance.lips.mouth_tc)
        if look is not None and task.motion == "generated":
            lips = self._lips(task.motion, utterance, look.picture, clock.now_s)
        conditions = Conditions(utterance.tokens, utterance.speech, lips)
        with timings("model"):
            streams = generate(self.parts.joint, self.parts.normaliser, conditions, self.sampling, *noise)
        speech, heard = np.zeros(0, np.float32), utterance.recorded
        if sound is not None and streams.mel_fm is not None:
            with timings("vocoder"):
                speech = heard = sound(streams.mel_fm, utterance)
        motion = None
        if streams.mouth_tc is not None and look is not None:
            rate = Fraction(self.parts.joint.config.token_rate_hz).limit_denominator(1001)
            before_s = utterance.voice_tokens / rate
            mouth_tm = clock.take(streams.mouth_tc.cpu().numpy(), before_s, utterance.length_s, utterance.overlap_s)
            motion = look.picture.speaking(mouth_tm, clock.fps)
            if idle is not None and heard is not None:
                motion = _with_idle(motion, heard, idle)
        return Piece(speech, motion, utterance.phones)

    def _lips(self, role: Role, utterance: Utterance, picture: Picture, now_s: Fraction) -> MotionCondition:
        """The voice's lips where they are known, and what else the picture shows of itself, from `now_s` of the result on."""
        frames, of_voice = (self.parts.joint.config.motion_frames(n) for n in (utterance.tokens, utterance.voice_tokens))
        given_t = torch.zeros(frames, dtype=torch.bool)
        if utterance.lips is not None:
            given_t[:of_voice] = utterance.lips.seen_t
        if utterance.first_frame is not None:
            clue_tc = picture.clue(utterance.first_frame, frames, self.fps)
        else:
            clue_tc = picture.clue(round(now_s * self.fps), frames - of_voice, self.fps)
        if clue_tc is not None:
            clue_tc = torch.tensor(clue_tc)
            if utterance.first_frame is None:  # of the voice it is what was seen of it; else it is still
                own = None if utterance.lips is None else utterance.lips.clue_tc
                clue_tc = torch.cat([clue_tc[:1].expand(of_voice, -1) if own is None else own[:of_voice], clue_tc])
        return MotionCondition(role, utterance.lips and utterance.lips.mouth_tc, given_t, clue_tc)


@torch.inference_mode()
def lips_of(parts: LoadedModel, mel_fm: Tensor) -> Tensor:
    """Lips for a voice that nobody saw, as `animate` makes them."""
    config, sampling = parts.joint.config, parts.sampling
    conditions = Conditions(
        len(mel_fm) // config.frames_per_token, SpeechCondition("given", mel_fm), MotionCondition("generated")
    )
    streams = generate(parts.joint, parts.normaliser, conditions, sampling, torch.Generator().manual_seed(0))
    assert streams.mouth_tc is not None
    return streams.mouth_tc.cpu()


def _with_idle(motion: Motion, speech: np.ndarray, idle: IdleMotion) -> Motion:
    """Blinks, brows and small nods in step with the speech's loudness."""
    edges = np.linspace(0, len(speech), len(motion) + 1).astype(int)
    energy = np.concatenate([[0.0], np.cumsum(speech.astype(np.float64) ** 2)])
    loudness = np.sqrt(np.diff(energy[edges]) / np.maximum(np.diff(edges), 1))
    extra, rotation, translation = idle.step(loudness)
    expression = (motion.expression_tk3 + extra).astype(np.float32)
    return replace(motion, expression_tk3=expression, rotation_t3=rotation, translation_t3=translation)
