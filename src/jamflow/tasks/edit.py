"""`edit`: words are found in a recording, others are generated in their place, and the rest of it stays.

Shapes: N frames of the result, T of the model, M mouth channels.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import torch

from jamflow.alignment.find_words import Heard, WordFinder
from jamflow.alignment.words_in_sound import Aligner, Say
from jamflow.editing.splice import Cut, Window, cut, patch, window
from jamflow.editing.timeline import EditTimeline, edit_timeline
from jamflow.errors import UserError
from jamflow.face.channels import interpolated
from jamflow.face.motion import Motion
from jamflow.face.renderer import Picture
from jamflow.footage.retime import Order, joined
from jamflow.footage.video import Footage, open_footage
from jamflow.loading.model import LoadedModel
from jamflow.loading.renderers import Faces
from jamflow.media.passed_sound import AAC_RATES_HZ
from jamflow.media.video_reader import first_frame_s, has_video, sound_language
from jamflow.result import Look, Piece, Result, Timings
from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.sampling.generate import Sampling, Streams, generate
from jamflow.speech.original import Original, open_original
from jamflow.tasks.call import Call
from jamflow.tasks.edit_checks import refuse_all, refuse_hopeless, span_of
from jamflow.tasks.table import Edit
from jamflow.text.words import differing, spoken_words

if TYPE_CHECKING:
    from jamflow.face.face_video import FaceVideo

_ALIGNMENT_STEPS = 6  # enough to tell phonemes apart
_EASE_S = 0.12  # over which the mouth passes from the filmed to the generated motion, within the stretch
_CHUNK_FRAMES = 250
_VOICE_S = 15.0  # of the recording, from its beginning, that tell its voice


@dataclass(frozen=True)
class _Scene:
    """The picture of the result: of its frames, `first` to `last` (exclusive) get a new mouth."""

    film: "FaceVideo"
    picture: Picture
    first: int
    last: int


def make(call: Call, given: Edit) -> Result:
    """See `JamFlow.edit`."""
    model, timings, sampling = call.model, call.timings, call.sampling
    support = model.reader.edit_support()
    source, footage = given.recording, None
    filmed = has_video(source) if given.picture is None else given.picture
    if filmed:
        call.refuse_still_model()
    with timings("words"):
        sound = open_original(source, first_frame_s(source), AAC_RATES_HZ) if filmed else open_original(source)
        last = min(sound.samples, int(_VOICE_S * sound.rate_hz))
        finder = model.ruler.reader.edit_support(sound.resampled(model.ruler.joint.config.mel.sample_rate_hz, 0, last))
        assert finder.aligner is not None, "a ruler's text is laid out in time"

        @cache
        def voice() -> Say:
            return own_speech(model.ruler.in_voice(call.adapter, finder.lesson))

        words = WordFinder(finder.aligner, lambda tokens, speech: voice()(tokens, speech))
        phonemizer = finder.aligner.text.phonemizer
        refuse_hopeless(given, sound, words, phonemizer, support.aligner is None)
    if filmed:
        with timings("video"):
            footage = open_footage(source, call.load_faces().tracker, given.face)
    with timings("words"):
        unit_s = model.joint.config.mel.frame_s if footage is None else 1 / footage.facts.fps
        said = _changed(sound, given, finder.aligner, words, unit_s)
    place = cut(said, sound)
    refuse_all(Fraction(place.end - place.start, place.rate_hz), sound)
    scene = None
    if footage is not None:
        with timings("video"):
            scene = _scene(footage, call.load_faces(), place)

    def make_pieces(timings: Timings) -> Iterator[Piece]:
        view = window(said, place, sound, model.joint.config, support)
        with timings("model"):
            streams = _streams(model, view, scene, sampling, torch.Generator().manual_seed(call.seed))
        with timings("vocoder"):
            new = patch(streams, view, place, sound, support.vocoder)
        waves = chain(sound.blocks(0, place.start), [new], sound.blocks(place.end))
        if scene is None:
            yield from (Piece(wave, None, []) for wave in waves)
        else:
            yield from _pieces(waves, scene, _motion(scene, streams, view, model), sound.rate_hz)

    length_s = float(sound.length_s + place.shift_s)
    warnings = [*([] if footage is None else footage.repaint_warnings), *([] if scene is None else scene.picture.warnings)]
    warnings += _told(sound, place, scene)
    old_s, new_s = ([round(x / place.rate_hz, 3) for x in (place.start, end)] for end in (place.end, place.start + place.new))
    settings = {"seed": call.seed, "nfe": sampling.steps, "replaced_s": old_s, "new_s": new_s}
    fps = model.joint.config.exact_motion_fps if footage is None else footage.facts.fps
    look = None if scene is None or footage is None else Look(scene.picture, tags=footage.facts.tags)
    language = sound_language(source)
    return Result(make_pieces, lambda: length_s, sound.rate_hz, fps, look, warnings, settings, timings, language=language)


def own_speech(model: LoadedModel) -> Say:
    """The model's own speech for the alignment: the same whatever the seed."""

    def say(tokens: int, speech: SpeechCondition) -> torch.Tensor:
        conditions = Conditions(tokens, speech, MotionCondition("absent"))
        streams = generate(model.joint, model.normaliser, conditions, sampling, torch.Generator().manual_seed(0))
        assert streams.mel_fm is not None
        return streams.mel_fm.cpu()

    sampling = replace(model.sampling, steps=_ALIGNMENT_STEPS)
    return say


def _changed(
    sound: Original,
    given: Edit,
    aligner: Aligner,
    words: WordFinder,
    unit_s: Fraction,
) -> EditTimeline:
    phonemizer = aligner.text.phonemizer
    new = given.text or "" if given.change is None else given.change[1]
    fresh = spoken_words(new, phonemizer) if new.strip() else []
    span_s = None
    if given.change is not None:
        heard = words.find(sound, given.change[0], given.transcript)
        old = [word.text for word in heard.words[heard.first : heard.last]]
        same_before, same_after = differing(old, [word.text for word in fresh])
        if same_before + same_after == len(old) == len(fresh):
            raise UserError("The new words are the old ones.", "Give others.")
        heard = Heard(heard.words, heard.first + same_before, heard.last - same_after)
        fresh = fresh[same_before : len(fresh) - same_after]
    else:
        span_s = span_of(given, sound)
        heard = words.span(sound, *span_s, given.transcript)
    before, after = heard.words[: heard.first], heard.words[heard.last :]
    if not before and not after and not fresh:
        raise UserError("Nothing would be left of what is said.", "Give new words.")
    text = " ".join(word.text for word in (*before, *fresh, *after))
    return edit_timeline(heard.words, heard.first, heard.last, spoken_words(text, phonemizer), aligner.text, unit_s, span_s)


def _scene(footage: Footage, faces: Faces, place: Cut) -> _Scene:
    order, first, last = retimed(
        footage.filmed, Fraction(place.start, place.rate_hz), Fraction(place.end, place.rate_hz), place.shift_s, footage.facts.fps
    )
    return _Scene(footage.face_video(order), footage.repainted(faces.renderer, order), first, last)


def retimed(filmed: Order, start_s: Fraction, end_s: Fraction, shift_s: Fraction, fps: Fraction) -> tuple[Order, int, int]:
    """Frames between two times held or left out, evenly, so that all after them come `shift_s` later.

    Also returns which frames of the result these are: the first, and the one after the last.
    """
    times = [*filmed.times_s, filmed.end_s]
    first = bisect_left(filmed.times_s, start_s)
    last = max(first, bisect_left(filmed.times_s, end_s))
    lasts_s = times[last] - times[first] + round(shift_s * fps) / fps
    if lasts_s <= 0:
        count, lasts_s = 0, Fraction(0)
    else:
        count = max(1, last - first + round(shift_s * fps))
    index = first + ((np.arange(count) + 0.5) * (last - first) / max(count, 1)).astype(int)
    middle = Order(filmed.frames_n[np.clip(index, 0, len(filmed) - 1)], [lasts_s * k / count for k in range(count)], lasts_s)
    parts = [Order(filmed.frames_n[:first], list(filmed.times_s[:first]), times[first]), middle]
    if last < len(filmed):
        rest = [t - times[last] for t in filmed.times_s[last:]]
        parts.append(Order(filmed.frames_n[last:], rest, filmed.end_s - times[last]))
    return joined(parts), first, first + count


def _streams(model: LoadedModel, view: Window, scene: _Scene | None, sampling: Sampling, generator: torch.Generator) -> Streams:
    config = model.joint.config
    mouth_tm = clue_tc = None
    if scene is not None:
        at_s = view.frames(config)
        shown_s = np.array([float(t) for t in scene.film.times_s[:-1]])
        mouth_tm = interpolated(shown_s, scene.film.mouth(scene.picture.space), at_s)
        fps = config.exact_motion_fps
        clue_tc = scene.picture.clue(round(view.start_s * fps), len(at_s), fps)
    return generate(model.joint, model.normaliser, view.conditions(config, mouth_tm, clue_tc), sampling, generator)


def _motion(scene: _Scene, streams: Streams, view: Window, model: LoadedModel) -> Motion:
    """Of all frames; where they stay as they were filmed it is not a number."""
    assert streams.mouth_tc is not None
    made = slice(scene.first, scene.last)
    filmed_nm = scene.film.mouth(scene.picture.space)
    times = np.array([float(t) for t in scene.film.times_s])
    made_nm = interpolated(view.frames(model.joint.config), streams.mouth_tc.cpu().numpy(), times[made])
    ends = times[scene.first], times[scene.last]
    share = np.minimum(times[made] - ends[0], ends[1] - times[made]) / _EASE_S
    share = np.clip(share, 0, 1)[:, None]
    mouth_nm = np.full_like(filmed_nm, np.nan)
    mouth_nm[made] = filmed_nm[made] + share * (made_nm - filmed_nm[made])
    return scene.picture.speaking(mouth_nm, model.joint.config.exact_motion_fps)


def _pieces(waves: Iterator[np.ndarray], scene: _Scene, motion: Motion, rate_hz: int) -> Iterator[Piece]:
    """Sound and frames of the same time together."""
    held, done = np.zeros(0, np.float32), 0
    for start in range(0, len(motion), _CHUNK_FRAMES):
        end = min(start + _CHUNK_FRAMES, len(motion))
        wanted = round(scene.film.times_s[end] * rate_hz) - done
        parts = [held]
        while sum(map(len, parts)) < wanted and (wave := next(waves, None)) is not None:
            parts.append(wave)
        whole = np.concatenate([*parts, *(waves if end == len(motion) else ())])
        cut_at = len(whole) if end == len(motion) else wanted
        speech, held = whole[:cut_at], whole[cut_at:]
        done += len(speech)
        yield Piece(speech, motion.rows(np.arange(start, end)), [])


def _told(sound: Original, place: Cut, scene: _Scene | None) -> list[str]:
    out = []
    shift_s = float(place.shift_s)
    if shift_s:
        words = f"The new words take {abs(shift_s):.2f} s {'longer' if shift_s > 0 else 'less'} than the old ones"
        frames = "" if scene is None else f"; {'frames are held' if shift_s > 0 else 'frames are left out'} there"
        out.append(f"{words}: all that follows comes {'later' if shift_s > 0 else 'earlier'}{frames}.")
    if sound.channels > 1:
        out.append(f"The sound has {sound.channels} channels; they become one.")
    return out
