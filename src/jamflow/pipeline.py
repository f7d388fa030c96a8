"""JAM-Flow, loaded once and called many times: conditions in, result out.

A call keeps nothing in the model; two calls on one `JamFlow` do not see each other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jamflow.conditions import Conditions, MotionCondition, Role, SpeechCondition
from jamflow.errors import UserError
from jamflow.face.frame_clock import FrameClock
from jamflow.face.idle import IdleMotion
from jamflow.face.motion import Motion
from jamflow.face.renderer import Picture
from jamflow.faces import Faces, load_faces
from jamflow.fit import DUB_WAYS, Way, check_way
from jamflow.footage import open_footage
from jamflow.generate import Sampling, generate
from jamflow.media.video_reader import has_video, track_warnings
from jamflow.parts import Parts, Precision, assemble
from jamflow.reading.given_speech import utterances
from jamflow.reading.pieces import block_tokens
from jamflow.reading.reader import Sound, Utterance, VoiceLips
from jamflow.result import Copied, Look, Passed, Piece, Result, Timings
from jamflow.retelling import own_lips, retold
from jamflow.retime import Fit, for_speech
from jamflow.rewording import Change, reword
from jamflow.seen_lips import seen_lips
from jamflow.speech.mel import SAMPLE_RATE_HZ
from jamflow.speech.recording import Recording, open_recording
from jamflow.tasks import TASKS, Task
from jamflow.voice_lips import voice_lips
from jamflow.windows import frame_noise

# Without a text, only the lips say what is to be heard: docs/decisions.md has what other guidance does.
LIPS_ALONE = {"speech_guidance": 3.0, "keep_beginning": True}


class JamFlow:
    """One loaded model. Make it with `JamFlow.load`."""

    def __init__(self, parts: Parts, faces: Faces | None = None):
        """`faces`: what draws, if not what the model's motion space asks for."""
        self._parts = parts
        self._faces = faces

    @classmethod
    def load(cls, model: str | Path = "mini", device: str | None = None, dtype: Precision = "float32") -> "JamFlow":
        """Load a model, on the GPU where there is one. Nothing is downloaded.

        Args:
            model: `mini`, which ships; `base`, the official F5-TTS v1 Base (its weights are not for commercial use), which
                speaks only; `base-v0`, the older F5TTS_Base; or a folder that holds a `joint.safetensors`.
            dtype: "bfloat16" computes the model's layers in half the memory (docs/decisions.md has the error).

        Raises:
            UserError: there is no such model or device, or files are missing (says which, and how to get them).
        """
        try:
            chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
            torch.empty(0, device=chosen)
        except (RuntimeError, AssertionError) as error:  # not compiled in, or not there
            raise UserError(f"There is no device called {device!r} here.", "Use cpu or cuda.") from error
        return cls(assemble(model, chosen, dtype))

    def speak(
        self, portrait: str | Path | np.ndarray, text: str, *, voice: str | Path | None = None, voice_text: str | None = None,
        seed: int = 0, nfe: int | None = None, speed: float = 1.0, still: bool = False, face: int | None = None,
    ) -> Result:  # fmt: skip
        """A portrait and a text become a talking video.

        Args:
            portrait: a picture file, or (H, W, 3) uint8 RGB.
            text: what to say, of any length; `mini` speaks English, `base` also Chinese.
            voice: a recording of the voice to speak with; None is the model's own, which only `mini` has. Of a video, the lips
                are continued as well.
            voice_text: what is said in `voice`, if known; without it `base` asks Whisper (the extra `eval`).
            seed: the same seed gives the same result.
            nfe: solver steps; None is the model's own choice.
            speed: 2 speaks twice as fast.
            still: keep head, brows and eyes as they are in the picture.
            face: which face, from the left, where there are several; None takes the largest.

        Raises:
            UserError: the portrait, the text or the voice cannot be used, or the model cannot move this face.
        """
        self._check_motion()
        timings = Timings()
        with timings("portrait"):
            look, warnings = self._prepare(portrait, face)
        saying = self._reading(text, voice, voice_text, speed, timings, self._voice_lips(voice))
        return self._result(TASKS["speak"], saying, seed, nfe, still, look, warnings, timings)

    def tts(
        self, text: str, *, voice: str | Path | None = None, voice_text: str | None = None,
        seed: int = 0, nfe: int | None = None, speed: float = 1.0,
    ) -> Result:  # fmt: skip
        """A text becomes speech; arguments as for `speak`."""
        timings = Timings()
        saying = self._reading(text, voice, voice_text, speed, timings)
        return self._result(TASKS["tts"], saying, seed, nfe, True, None, [], timings)

    def animate(
        self, portrait: str | Path | np.ndarray, speech: str | Path, *,
        seed: int = 0, nfe: int | None = None, still: bool = False, face: int | None = None,
    ) -> Result:  # fmt: skip
        """A portrait says what is said in a recording; other arguments as for `speak`.

        The recording's sound goes into the video as it is, from its first sample on. There are as many frames as cover it.

        Args:
            speech: any sound or video file of half a second or more, of any length, rate and channels.

        Raises:
            UserError: the portrait or the recording cannot be used, or the model cannot move this face.
        """
        self._check_motion()
        timings = Timings()
        with timings("speech"):
            recording = open_recording(speech)
        with timings("portrait"):
            look, warnings = self._prepare(portrait, face)
        return self._result(TASKS["animate"], self._given(recording), seed, nfe, still, look, warnings, timings)

    def lipsync(
        self, video: str | Path, speech: str | Path, *,
        seed: int = 0, nfe: int | None = None, face: int | None = None, fit: Fit | None = None,
    ) -> Result:  # fmt: skip
        """The mouth of a video says what is said in a recording; head, eyes and everything else stay. Other arguments as above.

        The recording's sound goes into the video as it is, and the result lasts as long: the video ends with it, or goes on back
        and forth. Every frame keeps its own time, its size but for an odd row or column, and what lies outside the lower face.

        Args:
            video: of a person seen from the front, in any container, at any rate; it need not have sound.
            face: whose mouth, from the left in the first frame with several faces; None takes the largest.
            fit: where lengths differ by half a second or more: "trim" ends with the shorter one, "loop" is the default and
                "refuse" raises.

        Raises:
            UserError: the video or the recording cannot be used, or lengths differ and `fit` is "refuse".
        """
        self._check_motion()
        timings = Timings()
        with timings("speech"):
            recording = open_recording(speech)
        with timings("video"):
            faces = self._load_faces()
            footage = open_footage(video, faces.tracker, face)
            order, warnings = for_speech(footage.filmed, recording.length_s, fit)
            picture = faces.renderer.film(footage.film(order))
        warnings = [*footage.warnings, *picture.warnings, *warnings]
        return self._result(TASKS["lipsync"], self._given(recording), seed, nfe, True, Look(picture), warnings, timings)

    def retell(
        self, video: str | Path, text: str, *, voice: str | Path | None = None, voice_text: str | None = None,
        seed: int = 0, nfe: int | None = None, speed: float = 1.0, face: int | None = None, fit: Way | None = None,
    ) -> Result:  # fmt: skip
        """The person in a video says something else, in the voice of its own sound; other arguments as for `speak`.

        The mouth is made anew with the speech, all else is as filmed, and the picture lasts as long as the speech: it ends with
        it, or goes on back and forth.

        Args:
            video: of a person seen from the front.
            voice: a recording of another voice. Without, and where the video is silent, the model's own (with a warning).
            face: who speaks, from the left in the first frame with several faces; None takes the largest.
            fit: where lengths differ by half a second or more: "loop" is as above, and the default; "rate" speaks faster or
                slower, as far as that can be understood; "pause" is silent until the video ends; "trim" leaves out sentences that
                would end after it; "refuse" raises.

        Raises:
            UserError: the video, the text or the voice cannot be used, or lengths differ and `fit` is "refuse".
        """
        self._check_motion()
        timings = Timings()
        with timings("video"):
            faces = self._load_faces()
            footage = open_footage(video, faces.tracker, face)
        with timings("text"):
            own = voice is None and footage.facts.has_sound
            lips = own_lips(footage, faces.tracker, self._fps) if own else self._voice_lips(voice)
            speaker = self._parts.reader.speaker(voice or (video if own else None), voice_text, lips)
            told = retold(speaker, text, speed, footage.filmed, fit, block_tokens(self._parts.joint.config))
        with timings("video"):
            picture = faces.renderer.film(footage.film(told.order))
        warnings = [*footage.warnings, *picture.warnings, *told.warnings]
        if voice is None and not own:
            warnings.append("The video has no sound, so the voice is the model's own (--voice gives another).")
        saying = _Saying(
            told.utterances, lambda: float(told.order.end_s), speaker.sound, SAMPLE_RATE_HZ, tuple(speaker.warnings)
        )
        return self._result(TASKS["retell"], saying, seed, nfe, True, Look(picture), warnings, timings)

    def edit(
        self, recording: str | Path, new: str, *, old: str = "", from_s: float | None = None, to_s: float | None = None,
        transcript: str | None = None, picture: bool | None = None,
        seed: int = 0, nfe: int | None = None, face: int | None = None,
    ) -> Result:  # fmt: skip
        """Other words in a recording or video: only that stretch of sound and mouth is made anew.

        Outside the stretch the samples (averaged over channels, at the file's own rate) and the picture's frames are the
        recording's own. Where the new words take longer or shorter, what follows moves, and frames in the stretch are held or
        left out.

        Args:
            recording: a sound file or a video of a person seen from the front.
            new: what is said instead; nothing leaves the words out.
            old: words that are said exactly once. Without, it is what is said from `from_s` to `to_s`.
            transcript: all that is said, if it is known; else Whisper hears it (the extra `eval`).
            picture: whether a video is wanted; None makes one of a video.
            face: whose mouth, from the left in the first frame with several faces; None takes the largest.

        Raises:
            UserError: the recording cannot be used, the words are not said or more than once, or the new ones cannot be spoken.
        """
        timings = Timings()
        draws = has_video(recording) if picture is None else picture
        if draws:
            self._check_motion()
        own = self._parts.sampling
        sampling = own if nfe is None else replace(own, steps=nfe)
        return reword(
            self._parts, self._load_faces if draws else None, recording, Change(new, old, from_s, to_s), transcript,
            sampling=sampling, seed=seed, face=face, timings=timings,
        )  # fmt: skip

    def _given(self, recording: Recording) -> "_Saying":
        config = self._parts.joint.config
        return _Saying(
            lambda: utterances(recording, config), lambda: float(recording.length_s), None,
            Passed(recording.path, recording.start_s), track_warnings(recording.path),
        )  # fmt: skip

    def _load_faces(self) -> Faces:
        motion = self._parts.joint.config.motion
        self._faces = self._faces or load_faces(motion.space, self._parts.device, motion.mouth)
        return self._faces

    def dub(
        self, video: str | Path, text: str | None = None, *, voice: str | Path | None = None, voice_text: str | None = None,
        seed: int = 0, nfe: int | None = None, fit: Way | None = None,
    ) -> Result:  # fmt: skip
        """A video gets speech that is in time with its lips; other arguments as for `speak`.

        The picture is copied as it is, and the sound is exactly as long. Its own sound plays no part: give it as `voice` to keep
        its speaker.

        Args:
            video: of any length and rate, with sound or without; the largest face in it speaks.
            text: what to say; None makes sounds of speech that follow the lips.
            fit: what is done where the text takes over a quarter longer or shorter than the lips move: speak faster or slower
                ("rate"), keep the usual rate and rest ("pause"), leave words out ("trim") or raise ("refuse"). None is "rate" for
                what is too long and "pause" for what is too short, with a warning.

        Raises:
            UserError: the video, the text or the voice cannot be used, there is no face, or the text does not fit.
        """
        self._check_motion()
        check_way(fit, DUB_WAYS, "dub")
        timings = Timings()
        with timings("text"):
            speaker = self._parts.reader.speaker(voice, voice_text)
            if text is not None:
                next(speaker.utterances(text, 1.0))  # refuses what cannot be spoken, before any work
        with timings("video"):
            footage, lips, warnings = seen_lips(video, self._load_faces().tracker)
            dubbed = speaker.dub(lips, text, fit, self._lips_of)
        saying = _Saying(
            dubbed.utterances, lambda: float(lips.length_s), speaker.sound, SAMPLE_RATE_HZ,
            (*speaker.warnings, *warnings, *dubbed.warnings), LIPS_ALONE if text is None else {},
        )  # fmt: skip
        copied = Copied(footage.path, footage.times_s[0], len(footage.times_s))
        return self._result(TASKS["dub"], saying, seed, nfe, True, None, [], timings, copied)

    @torch.inference_mode()
    def _lips_of(self, mel_fm: Tensor) -> Tensor:
        """Lips for a voice that nobody saw, as `animate` makes them."""
        config, sampling = self._parts.joint.config, self._parts.sampling
        conditions = Conditions(
            len(mel_fm) // config.frames_per_token, SpeechCondition("given", mel_fm), MotionCondition("generated")
        )
        streams = generate(self._parts.joint, self._parts.normaliser, conditions, sampling, torch.Generator().manual_seed(0))
        assert streams.mouth_tc is not None
        return streams.mouth_tc.cpu()

    def _prepare(self, portrait: str | Path | np.ndarray, face: int | None) -> tuple[Look, list[str]]:
        picture, warnings = self._load_faces().prepare(portrait, face)
        return Look(picture), warnings

    def _voice_lips(self, voice: str | Path | None) -> VoiceLips | None:
        if voice is None or self._faces is None:
            return None
        return voice_lips(voice, self._faces.tracker, self._fps)

    def _reading(
        self, text: str, voice: str | Path | None, voice_text: str | None, speed: float, timings: Timings,
        lips: VoiceLips | None = None,
    ) -> "_Saying":  # fmt: skip
        """Checks everything that can be checked before the first piece is made."""
        with timings("text"):
            speaker = self._parts.reader.speaker(voice, voice_text, lips)
            next(speaker.utterances(text, speed))  # refuses what cannot be spoken, before any work

        def expected_s() -> float:
            return sum(float(utterance.length_s) for utterance in speaker.utterances(text, speed))

        warnings = [*([] if voice is None else track_warnings(voice)), *speaker.warnings]
        return _Saying(lambda: speaker.utterances(text, speed), expected_s, speaker.sound, SAMPLE_RATE_HZ, warnings)

    def _result(
        self, task: Task, saying: "_Saying", seed: int, nfe: int | None, still: bool, look: Look | None,
        warnings: list[str], timings: Timings, copied: Copied | None = None,
    ) -> Result:  # fmt: skip
        own = self._parts.sampling
        sampling = own if nfe is None else replace(own, steps=nfe)
        sampling = replace(sampling, **saying.guidance)
        fps = self._fps

        def make(timings: Timings) -> Iterator[Piece]:
            idle = None
            if self._faces is not None and not still:
                idle = self._faces.renderer.idle(fps, np.random.default_rng(seed))
            sound, clock = saying.sound and saying.sound(), FrameClock(fps, None if look is None else look.picture.times_s)
            for number, utterance in enumerate(saying.utterances()):
                noise = self._noise(utterance, seed, number)
                yield self._speak_piece(task, utterance, sound, look, sampling, noise, idle, clock, timings)

        settings: dict[str, Any] = {"seed": seed, "nfe": sampling.steps}
        warnings = [*warnings, *saying.warnings]
        return Result(make, saying.expected_s, saying.heard, fps, look, warnings, settings, timings, copied)

    def _noise(self, utterance: Utterance, seed: int, number: int) -> tuple[torch.Generator, Tensor | None]:
        """A piece's own, or that of its frames where it is a window of something longer."""
        generator = torch.Generator().manual_seed((seed * 100_003 + number) % 2**63)
        if utterance.first_frame is None:
            return generator, None
        config = self._parts.joint.config
        frames = config.motion_frames(utterance.tokens)
        return generator, frame_noise(seed, utterance.first_frame, frames, config.motion.mouth_channels)

    @property
    def _fps(self) -> Fraction:
        return Fraction(self._parts.joint.config.motion_fps).limit_denominator(1001)

    def _check_motion(self) -> None:
        if not self._parts.moves:
            raise UserError(
                "This model has no trained motion: base's Motion-DiT must be trained first.",
                "Use the model mini for a video, or tts for sound alone.",
            )

    def _speak_piece(
        self, task: Task, utterance: Utterance, sound: Sound | None, look: Look | None, sampling: Sampling,
        noise: tuple[torch.Generator, Tensor | None], idle: IdleMotion | None, clock: FrameClock, timings: Timings,
    ) -> Piece:  # fmt: skip
        """The voice is given, the piece after it is generated; only the piece is kept."""
        lips = MotionCondition(task.motion, utterance.lips and utterance.lips.mouth_tc)
        if look is not None and task.motion == "generated":
            lips = self._lips(task.motion, utterance, look.picture, clock.now_s)
        conditions = Conditions(utterance.tokens, utterance.speech, lips)
        with timings("model"):
            streams = generate(self._parts.joint, self._parts.normaliser, conditions, sampling, *noise)
        speech, heard = np.zeros(0, np.float32), utterance.recorded
        if sound is not None and streams.mel_fm is not None:
            with timings("vocoder"):
                speech = heard = sound(streams.mel_fm, utterance)
        motion = None
        if streams.mouth_tc is not None and look is not None:
            rate = Fraction(self._parts.joint.config.token_rate_hz).limit_denominator(1001)
            before_s = utterance.voice_tokens / rate
            mouth_tm = clock.take(streams.mouth_tc.cpu().numpy(), before_s, utterance.length_s, utterance.overlap_s)
            motion = look.picture.speaking(mouth_tm, clock.fps)
            if idle is not None and heard is not None:
                motion = _with_idle(motion, heard, idle)
        return Piece(speech, motion, utterance.phones)

    def _lips(self, role: Role, utterance: Utterance, picture: Picture, now_s: Fraction) -> MotionCondition:
        """The voice's lips where they are known, and what else the picture shows of itself, from `now_s` of the result on."""
        frames, of_voice = (
            self._parts.joint.config.motion_frames(n) for n in (utterance.tokens, utterance.voice_tokens)
        )
        given_t = torch.zeros(frames, dtype=torch.bool)
        if utterance.lips is not None:
            given_t[:of_voice] = utterance.lips.seen_t
        if utterance.first_frame is not None:
            clue_tc = picture.clue(utterance.first_frame, frames, self._fps)
        else:
            clue_tc = picture.clue(round(now_s * self._fps), frames - of_voice, self._fps)
        if clue_tc is not None:
            clue_tc = torch.tensor(clue_tc)
            if utterance.first_frame is None:  # of the voice it is what was seen of it; else it is still
                own = None if utterance.lips is None else utterance.lips.clue_tc
                clue_tc = torch.cat([clue_tc[:1].expand(of_voice, -1) if own is None else own[:of_voice], clue_tc])
        return MotionCondition(role, utterance.lips and utterance.lips.mouth_tc, given_t, clue_tc)


@dataclass(frozen=True)
class _Saying:
    """What a result says.

    utterances: in order, anew at every call. expected_s: how long they last, about. sound: how what is generated becomes
    sound; None where nothing of it is heard. heard: the sound of the result. guidance: how it is guided, if not as usual.
    """

    utterances: Callable[[], Iterator[Utterance]]
    expected_s: Callable[[], float]
    sound: Callable[[], Sound] | None
    heard: int | Passed
    warnings: Sequence[str]
    guidance: dict[str, Any] = field(default_factory=dict)


def _with_idle(motion: Motion, speech: np.ndarray, idle: IdleMotion) -> Motion:
    """Blinks, brows and small nods in step with the speech's loudness."""
    edges = np.linspace(0, len(speech), len(motion) + 1).astype(int)
    energy = np.concatenate([[0.0], np.cumsum(speech.astype(np.float64) ** 2)])
    loudness = np.sqrt(np.diff(energy[edges]) / np.maximum(np.diff(edges), 1))
    extra, rotation, translation = idle.step(loudness)
    expression = (motion.expression_tk3 + extra).astype(np.float32)
    return replace(motion, expression_tk3=expression, rotation_t3=rotation, translation_t3=translation)
