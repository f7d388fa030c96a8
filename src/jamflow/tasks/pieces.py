"""From utterances to pieces of a result: streams, sound and facial motion, one utterance after the other."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from jamflow.face.frame_clock import FrameClock
from jamflow.face.idle import IdleMotion
from jamflow.face.motion import Motion
from jamflow.face.renderer import Picture
from jamflow.face.speaking import Speaking
from jamflow.loading.model import LoadedModel
from jamflow.result import Look, Piece, Timings
from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.sampling.generate import Sampling, generate
from jamflow.sampling.roles import Role
from jamflow.sampling.utterance import Utterance
from jamflow.sampling.windows import frame_noise
from jamflow.tasks.speech_plan import SpeechPlan


@dataclass(frozen=True)
class PieceMaker:
    """Makes the pieces of one result; it keeps nothing between pieces.

    Attributes:
        motion: what the model does with the motion stream.
        look: what is drawn; None makes no motion.
        idle: moves the head and the eyes; None leaves them still.
    """

    model: LoadedModel
    motion: Role
    sampling: Sampling
    seed: int
    look: Look | None
    idle: IdleMotion | None
    timings: Timings

    def pieces(self, plan: SpeechPlan) -> Iterator[Piece]:
        """In order, each when it is asked for."""
        sound = plan.sound and plan.sound()
        clock = FrameClock(self._fps, None if self.look is None else self.look.picture.times_s)
        speaking = Speaking(self._fps)
        for number, utterance in enumerate(plan.utterances()):
            conditions = Conditions(utterance.tokens, utterance.speech, self._motion_condition(utterance, clock.now_s))
            with self.timings("model"):
                streams = generate(
                    self.model.joint, self.model.normaliser, conditions, self.sampling, *self._noise(utterance, number)
                )
            speech, heard = np.zeros(0, np.float32), utterance.recorded
            if sound is not None and streams.mel_fm is not None:
                with self.timings("vocoder"):
                    speech = heard = sound(streams.mel_fm, utterance)
            motion = None
            if streams.mouth_tc is not None and self.look is not None:
                motion = self._face_motion(streams.mouth_tc, utterance, clock, speaking, self.look.picture, heard)
            yield Piece(speech, motion, utterance.phones)

    @property
    def _fps(self) -> Fraction:
        return self.model.joint.config.exact_motion_fps

    def _noise(self, utterance: Utterance, number: int) -> tuple[torch.Generator, Tensor | None]:
        """The utterance's own noise, or that of its frames where it is a window of something longer."""
        generator = torch.Generator().manual_seed((self.seed * 100_003 + number) % 2**63)
        if utterance.first_frame is None:
            return generator, None
        config = self.model.joint.config
        frames = config.motion_frames(utterance.tokens)
        return generator, frame_noise(self.seed, utterance.first_frame, frames, config.motion.mouth_channels)

    def _motion_condition(self, utterance: Utterance, now_s: Fraction) -> MotionCondition:
        mouth_tc = utterance.lips and utterance.lips.mouth_tc
        if self.look is None or self.motion != "generated":
            return MotionCondition(self.motion, mouth_tc)
        given_t, clue_tc = self._seen(utterance, self.look.picture, now_s)
        return MotionCondition(self.motion, mouth_tc, given_t, clue_tc)

    def _seen(self, utterance: Utterance, picture: Picture, now_s: Fraction) -> tuple[Tensor, Tensor | None]:
        """Where the lips of the voice are known, and the clue of the picture from `now_s` of the result on."""
        frames, of_voice = (self.model.joint.config.motion_frames(n) for n in (utterance.tokens, utterance.voice_tokens))
        given_t = torch.zeros(frames, dtype=torch.bool)
        if utterance.lips is not None:
            given_t[:of_voice] = utterance.lips.seen_t
        if utterance.first_frame is not None:
            clue_tc = picture.clue(utterance.first_frame, frames, self._fps)
            return given_t, None if clue_tc is None else torch.tensor(clue_tc)
        clue_tc = picture.clue(round(now_s * self._fps), frames - of_voice, self._fps)
        if clue_tc is None:
            return given_t, None
        # During the voice the clue is what was seen of its speaker; where nothing was, it is still.
        said = torch.tensor(clue_tc)
        own = None if utterance.lips is None else utterance.lips.clue_tc
        return given_t, torch.cat([said[:1].expand(of_voice, -1) if own is None else own[:of_voice], said])

    def _face_motion(
        self,
        mouth_tc: Tensor,
        utterance: Utterance,
        clock: FrameClock,
        speaking: Speaking,
        picture: Picture,
        heard: np.ndarray | None,
    ) -> Motion:
        """The mouth on the frames of the result, and the rest of the face with it."""
        before_s = utterance.voice_tokens / self.model.joint.config.exact_token_rate_hz
        mouth_tm = clock.take(mouth_tc.cpu().numpy(), before_s, utterance.length_s, utterance.overlap_s)
        motion = picture.speaking(mouth_tm, clock.fps)
        if heard is None or picture.times_s is not None:
            return motion
        loudness_t = _loudness(heard, len(motion))
        motion = replace(motion, speaking_t1=speaking.step(loudness_t))
        return motion if self.idle is None else _with_idle(motion, loudness_t, self.idle)


@torch.inference_mode()
def lips_of(model: LoadedModel, mel_fm: Tensor) -> Tensor:
    """(T, mouth channels) lips for the (F, mel bands) of a voice that nobody saw, as `animate` makes them."""
    config = model.joint.config
    tokens = len(mel_fm) // config.frames_per_token
    conditions = Conditions(tokens, SpeechCondition("given", mel_fm), MotionCondition("generated"))
    streams = generate(model.joint, model.normaliser, conditions, model.sampling, torch.Generator().manual_seed(0))
    assert streams.mouth_tc is not None
    return streams.mouth_tc.cpu()


def _loudness(speech: np.ndarray, frames: int) -> np.ndarray:
    """(frames,) RMS amplitude of speech in as many equal parts."""
    edges = np.linspace(0, len(speech), frames + 1).astype(int)
    energy = np.concatenate([[0.0], np.cumsum(speech.astype(np.float64) ** 2)])
    return np.sqrt(np.diff(energy[edges]) / np.maximum(np.diff(edges), 1))


def _with_idle(motion: Motion, loudness_t: np.ndarray, idle: IdleMotion) -> Motion:
    """Blinks, brows and small nods in step with the speech's loudness."""
    extra, rotation, translation = idle.step(loudness_t)
    expression = (motion.expression_tk3 + extra).astype(np.float32)
    return replace(motion, expression_tk3=expression, rotation_t3=rotation, translation_t3=translation)
