"""JAM-Flow, loaded once and called many times: conditions in, result out.

A call keeps nothing in the model; two calls on one `JamFlow` do not see each other.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from jamflow.errors import UserError
from jamflow.face.renderer import Picture
from jamflow.footage.retime import Fit, for_speech
from jamflow.footage.seen_lips import seen_lips
from jamflow.footage.video import open_footage
from jamflow.loading.model import LoadedModel, Precision, assemble
from jamflow.loading.renderers import Faces, load_faces
from jamflow.media.video_reader import has_video
from jamflow.result import Copied, Look, Piece, Result, Timings
from jamflow.sampling.generate import Sampling
from jamflow.speech.mel import SAMPLE_RATE_HZ
from jamflow.speech.recording import open_recording
from jamflow.tasks.edit import Change, edit_recording
from jamflow.tasks.pieces import PieceMaker, SpeechPlan, lips_of
from jamflow.tasks.retell import plan_retelling, speaker_in
from jamflow.tasks.table import TASKS, Task
from jamflow.text.fit import DUB_FITS, FitMode, check_fit
from jamflow.voices.adaptation import Adapter
from jamflow.voices.video_lips import voice_lips

# Without a text, only the lips say what is to be heard: docs/decisions.md has what other guidance does.
LIPS_ALONE = {"speech_guidance": 3.0, "keep_beginning": True}


class JamFlow:
    """One loaded model. Make it with `JamFlow.load`."""

    def __init__(self, parts: LoadedModel, faces: Faces | None = None):
        """`faces`: what draws, if not what the model's motion space asks for."""
        self._parts = parts
        self._faces = faces
        self._adapter = Adapter()

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
        self,
        portrait: str | Path | np.ndarray,
        text: str,
        *,
        voice: str | Path | None = None,
        voice_text: str | None = None,
        seed: int = 0,
        nfe: int | None = None,
        speed: float = 1.0,
        still: bool = False,
        face: int | None = None,
    ) -> Result:
        """A portrait and a text become a talking video.

        Args:
            portrait: a picture file, or (H, W, 3) uint8 RGB.
            text: what to say, of any length; `mini` speaks English, `base` also Chinese.
            voice: a recording of the voice to speak with; None is the model's own, which only `mini` has. Of a video, the lips
                are continued as well. `mini` is adapted to it first, for some seconds; a copy is kept for the next call.
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
            faces = self._load_faces()
            picture, warnings = faces.prepare(portrait, face)
        with timings("text"):
            lips = None if voice is None else voice_lips(voice, faces.tracker, self._parts.joint.config.exact_motion_fps)
            speaker = self._parts.reader.speaker(voice, voice_text, lips)
            speech_plan = SpeechPlan.of_text(speaker, text, speed, voice)
        return self._result(TASKS["speak"], speech_plan, seed, nfe, still, picture, warnings, timings)

    def tts(
        self,
        text: str,
        *,
        voice: str | Path | None = None,
        voice_text: str | None = None,
        seed: int = 0,
        nfe: int | None = None,
        speed: float = 1.0,
    ) -> Result:
        """A text becomes speech; arguments as for `speak`."""
        timings = Timings()
        with timings("text"):
            speech_plan = SpeechPlan.of_text(self._parts.reader.speaker(voice, voice_text), text, speed, voice)
        return self._result(TASKS["tts"], speech_plan, seed, nfe, True, None, [], timings)

    def animate(
        self,
        portrait: str | Path | np.ndarray,
        speech: str | Path,
        *,
        seed: int = 0,
        nfe: int | None = None,
        still: bool = False,
        face: int | None = None,
    ) -> Result:
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
            picture, warnings = self._load_faces().prepare(portrait, face)
        speech_plan = SpeechPlan.of_recording(recording, self._parts.joint.config)
        return self._result(TASKS["animate"], speech_plan, seed, nfe, still, picture, warnings, timings)

    def lipsync(
        self,
        video: str | Path,
        speech: str | Path,
        *,
        seed: int = 0,
        nfe: int | None = None,
        face: int | None = None,
        fit: Fit | None = None,
    ) -> Result:
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
            order, lengths = for_speech(footage.filmed, recording.length_s, fit)
            picture, warnings = faces.repaint(footage, order)
        speech_plan = SpeechPlan.of_recording(recording, self._parts.joint.config)
        return self._result(TASKS["lipsync"], speech_plan, seed, nfe, True, picture, [*warnings, *lengths], timings)

    def retell(
        self,
        video: str | Path,
        text: str,
        *,
        voice: str | Path | None = None,
        voice_text: str | None = None,
        seed: int = 0,
        nfe: int | None = None,
        speed: float = 1.0,
        face: int | None = None,
        fit: FitMode | None = None,
    ) -> Result:
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
            config = self._parts.joint.config
            speaker, silent = speaker_in(footage, self._parts.reader, voice, voice_text, faces.tracker, config.exact_motion_fps)
            told = plan_retelling(speaker, text, speed, footage.filmed, fit, config.block_tokens)
        with timings("video"):
            picture, warnings = faces.repaint(footage, told.order)
        warnings += [*told.warnings, *silent]
        speech_plan = SpeechPlan(
            told.utterances,
            lambda: float(told.order.end_s),
            speaker.sound,
            SAMPLE_RATE_HZ,
            speaker.warnings,
            adapt_to_fm=speaker.adapt_to_fm,
        )
        return self._result(TASKS["retell"], speech_plan, seed, nfe, True, picture, warnings, timings)

    def edit(
        self,
        recording: str | Path,
        new: str,
        *,
        old: str = "",
        from_s: float | None = None,
        to_s: float | None = None,
        transcript: str | None = None,
        picture: bool | None = None,
        seed: int = 0,
        nfe: int | None = None,
        face: int | None = None,
    ) -> Result:
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
        return edit_recording(
            self._parts,
            self._load_faces if draws else None,
            recording,
            Change(new, old, from_s, to_s),
            transcript,
            adapter=self._adapter,
            sampling=self._sampling(nfe),
            seed=seed,
            face=face,
            timings=timings,
        )

    def dub(
        self,
        video: str | Path,
        text: str | None = None,
        *,
        voice: str | Path | None = None,
        voice_text: str | None = None,
        seed: int = 0,
        nfe: int | None = None,
        fit: FitMode | None = None,
    ) -> Result:
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
        check_fit(fit, DUB_FITS, "dub")
        timings = Timings()
        with timings("text"):
            speaker = self._parts.reader.speaker(voice, voice_text)
            if text is not None:
                next(speaker.utterances(text, 1.0))  # refuses what cannot be spoken, before any work
        with timings("video"):
            footage, lips, warnings = seen_lips(video, self._load_faces().tracker)
            dubbed = speaker.dub(lips, text, fit, partial(lips_of, self._parts))
        speech_plan = SpeechPlan(
            dubbed.utterances,
            lambda: float(lips.length_s),
            speaker.sound,
            SAMPLE_RATE_HZ,
            (*speaker.warnings, *warnings, *dubbed.warnings),
            LIPS_ALONE if text is None else {},
            speaker.adapt_to_fm,
        )
        copied = Copied(footage.path, footage.times_s[0], len(footage.times_s))
        return self._result(TASKS["dub"], speech_plan, seed, nfe, True, None, [], timings, copied)

    def _load_faces(self) -> Faces:
        motion = self._parts.joint.config.motion
        self._faces = self._faces or load_faces(motion.space, self._parts.device, motion.mouth)
        return self._faces

    def _result(
        self,
        task: Task,
        speech_plan: SpeechPlan,
        seed: int,
        nfe: int | None,
        still: bool,
        picture: Picture | None,
        warnings: list[str],
        timings: Timings,
        copied: Copied | None = None,
    ) -> Result:
        sampling = replace(self._sampling(nfe), **speech_plan.guidance)
        fps = self._parts.joint.config.exact_motion_fps
        look = None if picture is None else Look(picture)

        def make(timings: Timings) -> Iterator[Piece]:
            idle = None if still else self._load_faces().renderer.idle(fps, np.random.default_rng(seed))
            with timings("voice"):
                parts = self._parts.in_voice(self._adapter, speech_plan.adapt_to_fm)
            maker = PieceMaker(parts, sampling, seed)
            return maker.pieces(task, speech_plan, look, idle, timings)

        settings = {"seed": seed, "nfe": sampling.steps}
        warnings = [*warnings, *speech_plan.warnings]
        return Result(make, speech_plan.expected_s, speech_plan.heard, fps, look, warnings, settings, timings, copied)

    def _sampling(self, nfe: int | None) -> Sampling:
        own = self._parts.sampling
        return own if nfe is None else replace(own, steps=nfe)

    def _check_motion(self) -> None:
        if not self._parts.moves:
            raise UserError(
                "This model has no trained motion: base's Motion-DiT must be trained first.",
                "Use the model mini for a video, or tts for sound alone.",
            )
