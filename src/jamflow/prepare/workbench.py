"""What one worker does with one clip: the stages, one after the other, and what is left of the clip in a folder.

Shapes: N samples, F motion frames at 25 a second, K key points, M mel frames.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from jamflow.data.corpus import MOTION_FPS
from jamflow.errors import UserError
from jamflow.face.channels import interpolated
from jamflow.media.video_reader import has_video
from jamflow.prepare import hearing, step, times
from jamflow.prepare.clip import Clip
from jamflow.prepare.film import Shot, read_shots
from jamflow.prepare.fingerprint import fingerprint
from jamflow.prepare.settings import Settings
from jamflow.prepare.stretches import SHORTEST_S, Stretch, stretches
from jamflow.prepare.tape import Tape
from jamflow.prepare.tools import Tools
from jamflow.prepare.verdicts import KEPT, Verdict
from jamflow.speech.level import to_model_level
from jamflow.speech.mel import LogMel
from jamflow.speech.recording import Recording, open_recording
from jamflow.text.words import TimedWord, spoken_words

TEXT_LONGEST_S = 60.0  # of sound that a text is laid on at once


@dataclass(frozen=True)
class Filmed:
    """The face during a piece.

    Attributes:
        expression_fk3: (F, K, 3) in the units of the motion space.
        pose_f7: (F, 7) pitch, yaw and roll in degrees, translation, scale.
        opening_f: (F,) distance of the inner lips, cm.
    """

    expression_fk3: np.ndarray
    pose_f7: np.ndarray
    opening_f: np.ndarray


class Workbench:
    """The stages with their tools, which are loaded once and when they are first needed."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._tools = Tools(settings)
        self._log_mel = LogMel(settings.mel)

    def prepare(self, clip: Clip, folder: Path) -> Iterator[tuple[Verdict, bytes | None]]:
        """The verdicts on a clip, each with a small picture where there is one.

        Args:
            folder: gets a file for every stretch that is kept; it exists.

        Raises:
            OSError: the folder cannot be written.
        """
        try:
            filmed = has_video(clip.path)
        except UserError as error:
            yield Verdict("unreadable", str(error)), None
            return
        try:
            recording = open_recording(clip.path, self._settings.mel.sample_rate_hz)
        except UserError as error:
            yield Verdict("no sound", str(error)), None
            return
        try:
            said = self._said(clip, recording)
            shown = self._filmed(clip) if filmed else iter([_whole(clip, recording)])
            yield from self._verdicts(clip, recording, said, shown, folder)
        except UserError as error:
            yield Verdict("unreadable", str(error)), None
        except _TextError as error:
            yield Verdict("text", str(error)), None

    def _filmed(self, clip: Clip) -> Iterator[tuple[Shot | None, Stretch]]:
        for shot in read_shots(clip.path, self._tools.tracker, self._settings.face, clip.span_s):
            yield from ((shot, stretch) for stretch in stretches(shot))

    def _said(self, clip: Clip, recording: Recording) -> list[TimedWord] | None:
        """The words of a clip in seconds of the file; None if its text is unknown."""
        try:
            if clip.words:
                return times.placed(clip.words, self._tools.frontend)
            if not clip.text:
                return None
            span = _whole(clip, recording)[1]
            if span.end_s - span.start_s > TEXT_LONGEST_S:
                raise _TextError(f"A text is laid on {TEXT_LONGEST_S:g} s at most. Give parts of it with from and to.")
            waves = [wave for _, wave in Tape(recording).pieces(span.start_s, span.end_s)]
            return self._aligned(clip.text, np.concatenate(waves) if waves else np.zeros(0, np.float32), span.start_s)
        except UserError as error:
            raise _TextError(str(error)) from error

    def _aligned(self, text: str, wave: np.ndarray, start_s: float) -> list[TimedWord]:
        if not len(wave):
            raise _TextError("There is no sound in its span.")
        words = spoken_words(text, self._tools.frontend.phonemizer)
        return [word.later(start_s) for word in self._tools.align(words, self._mel(to_model_level(wave)))]

    def _mel(self, wave: np.ndarray) -> np.ndarray:
        """(M, bands) log mel."""
        return self._log_mel(torch.from_numpy(wave)).numpy()

    def _verdicts(
        self,
        clip: Clip,
        recording: Recording,
        said: list[TimedWord] | None,
        shown: Iterator[tuple[Shot | None, Stretch]],
        folder: Path,
    ) -> Iterator[tuple[Verdict, bytes | None]]:
        """One stretch after the other: picture and sound are read side by side, and forgotten."""
        tape, number = Tape(recording), 0
        for shot, stretch in shown:
            about = _about(stretch)
            if stretch.reason is not None:
                yield about, _picture(shot, about)
                continue
            silent = True
            for start_s, wave in tape.pieces(stretch.start_s, stretch.end_s):
                silent = False
                verdict = self._judged(clip, said, shot, stretch, start_s, wave, folder / f"{number:04d}.npz")
                number += 1
                yield verdict, _picture(shot, verdict)
            if silent:
                yield about.because("no sound", "the picture goes on after the sound"), _picture(shot, about)

    def _judged(
        self,
        clip: Clip,
        said: list[TimedWord] | None,
        shot: Shot | None,
        stretch: Stretch,
        start_s: float,
        wave: np.ndarray,
        file: Path,
    ) -> Verdict:
        """One piece of sound and the face in it: kept, with its file written, or refused."""
        rate_hz = self._settings.mel.sample_rate_hz
        end_s = start_s + len(wave) / rate_hz
        words: list[TimedWord] | None = None
        if said is not None:
            words, from_s, to_s = times.within(said, start_s, end_s)
            wave = wave[round((from_s - start_s) * rate_hz) : round((to_s - start_s) * rate_hz)]
            start_s = from_s
        seconds = len(wave) / rate_hz
        about = Verdict(KEPT, stretch.detail, round(start_s, 3), round(seconds, 3))
        if seconds < SHORTEST_S:
            return about.because("too short")
        heard = hearing.listen(wave, rate_hz)
        measures = {"level_db": round(heard.level_db, 1)}
        filmed = None if shot is None else _film(shot, start_s, seconds)
        if filmed is not None:
            measures |= {
                "pitch": round(float(filmed.pose_f7[:, 0].mean()), 1),
                "yaw": round(float(filmed.pose_f7[:, 1].mean()), 1),
                "opening": round(float(np.nanmax(filmed.opening_f)), 2),
            }
        about = Verdict(KEPT, about.detail, about.start_s, about.seconds, measures)
        if heard.steady > hearing.MUSIC:
            return about.because("music", f"{heard.steady:.0%} of the partials stay in place")
        if heard.voiced_s < hearing.SPOKEN_S:
            return about.because("no speech", f"{heard.voiced_s:.1f} s of voice")
        loud = to_model_level(wave)
        mel = self._mel(loud)
        if filmed is not None:
            judged = step.judge(mel, filmed.opening_f, self._tools.sync)
            measures |= {"sync": round(judged.score, 3), "lag": round(judged.lag_s, 3)}
            if judged.refused:
                return about.because("out of step", judged.refused)
        try:
            if said is None and self._settings.transcribe:
                text = self._tools.ears.transcribe(wave, rate_hz)
                words = self._aligned(text, wave, start_s) if text.strip() else None
        except (UserError, _TextError) as error:
            return about.because("text", str(error))
        words = [word.later(-start_s) for word in words or ()]
        if said is not None and not words:
            return about.because("no speech", "none of the text is said here")
        phones = times.phones_of(words, seconds) if words else []
        meta = {
            "text": " ".join(word.text for word in words),
            "voice": clip.speaker,
            "phones": phones,
            "words": [(w.text, round(w.start_s, 4), round(w.end_s, 4)) for w in words],
            "bandwidth_hz": hearing.bandwidth_hz(mel, self._settings.mel, clip.source_rate_hz),
        }
        save(file, loud, filmed, meta)
        prints = fingerprint(wave, rate_hz)
        return Verdict(KEPT, about.detail, about.start_s, about.seconds, measures, prints, file.name)


def save(file: Path, wave: np.ndarray, filmed: Filmed | None, meta: dict[str, Any]) -> None:
    """One kept piece: (N,) samples in [-1, 1], the face, and the fields of its `Utterance`. `pack` reads it."""
    arrays: dict[str, Any] = {"wave": wave.astype(np.float32), "meta": np.array(json.dumps(meta, ensure_ascii=False))}
    if filmed is not None:
        arrays |= {"expression": filmed.expression_fk3, "pose": filmed.pose_f7}
    with file.open("wb") as out:
        np.savez(out, **arrays)


class _TextError(Exception):
    """The text of a clip cannot be laid on its sound."""


def _whole(clip: Clip, recording: Recording) -> tuple[None, Stretch]:
    """All sound of a clip, or of its span."""
    start_s = float(recording.start_s)
    end_s = start_s + float(recording.length_s)
    if clip.span_s is not None:
        start_s = max(start_s, clip.span_s[0])
        end_s = end_s if clip.span_s[1] is None else min(end_s, clip.span_s[1])
    return None, Stretch(0, 0, start_s, max(start_s, end_s), None)


def _about(stretch: Stretch) -> Verdict:
    return Verdict(stretch.reason or KEPT, stretch.detail, round(stretch.start_s, 3), round(stretch.end_s - stretch.start_s, 3))


def _picture(shot: Shot | None, verdict: Verdict) -> bytes | None:
    """The shot's picture that is nearest to the middle of a stretch."""
    if shot is None or not shot.pictures:
        return None
    middle_s = verdict.start_s + verdict.seconds / 2
    return min(shot.pictures, key=lambda picture: abs(picture[0] - middle_s))[1]


def _film(shot: Shot, start_s: float, seconds: float) -> Filmed:
    """The tracked face from `start_s` on, at 25 frames a second."""
    assert shot.track is not None
    motion = shot.track.motion
    wanted_s = start_s + np.arange(int(np.ceil(seconds * MOTION_FPS - 1e-6))) / MOTION_FPS
    flat = motion.expression_tk3.reshape(len(motion), -1)
    pose = np.concatenate([motion.rotation_t3, motion.translation_t3, motion.scale_t[:, None]], axis=1)
    seen = np.flatnonzero(np.isfinite(shot.opening_t))
    opening = np.interp(wanted_s, shot.times_s[seen], shot.opening_t[seen])
    expression = interpolated(shot.times_s, flat, wanted_s).reshape(len(wanted_s), -1, 3)
    return Filmed(expression, interpolated(shot.times_s, pose, wanted_s), opening.astype(np.float32))
