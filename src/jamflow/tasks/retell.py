"""`retell`: the person in a video says another text. The speech is generated, and the picture is made as long as the speech."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

import torch

from jamflow.errors import UserError
from jamflow.footage.retime import SILENT_S, Order, for_speech
from jamflow.footage.video import open_footage, untracked
from jamflow.media.video_reader import video_facts
from jamflow.result import Result
from jamflow.sampling.utterance import Utterance
from jamflow.tasks.call import Call
from jamflow.tasks.speech_plan import SpeechPlan
from jamflow.tasks.table import Retell
from jamflow.text.fit import FASTEST, SLOWEST, FitMode
from jamflow.text.phonemes import SILENCE, symbols
from jamflow.voices.reader import Speaker
from jamflow.voices.video_lips import own_lips

_SILENCE_S = Fraction(5)  # at once


def make(call: Call, given: Retell) -> Result:
    """See `JamFlow.retell`."""
    config = call.model.joint.config
    call.model.reader.check(given.text)  # before any work
    speaker, silent = speaker_in(call, given)
    if given.fit in ("refuse", "pause", "trim") and (filmed := untracked(given.video)):
        plan_retelling(speaker, given.text, given.speed, filmed, given.fit, config.block_tokens)  # for what it refuses
    faces = call.load_faces()
    with call.timings("video"):
        footage = open_footage(given.video, faces.tracker, given.face)
    if given.voice is None:
        speaker = speaker.seeing(own_lips(footage, faces.tracker, config.exact_motion_fps))
    else:
        speaker = call.seeing(speaker, given.voice)
    with call.timings("text"):
        told = plan_retelling(speaker, given.text, given.speed, footage.filmed, given.fit, config.block_tokens)
    with call.timings("video"):
        picture, warnings = faces.repaint(footage, told.order)
    call.warnings.extend([*warnings, *told.warnings, *silent])
    plan = SpeechPlan(
        told.utterances,
        lambda: float(told.order.end_s),
        speaker.sound,
        speaker.sample_rate_hz,
        speaker.warnings,
        lesson=speaker.lesson,
    )
    return call.result(plan, picture, tags=footage.facts.tags)


@dataclass(frozen=True)
class Retold:
    """utterances: in order, anew at every call. order: what is seen meanwhile. warnings: what the user should know."""

    utterances: Callable[[], Iterator[Utterance]]
    order: Order
    warnings: list[str]


def speaker_in(call: Call, given: Retell) -> tuple[Speaker, list[str]]:
    """Who speaks in the voice that is given, else in that of the video's own sound, else in the model's own; and what the user
    should know.

    Raises:
        UserError: the voice cannot be used.
    """
    if given.voice is not None:
        return call.speaker(given.voice, given.voice_text), []
    if video_facts(given.video).has_sound:
        return call.model.reader.speaker(given.video, given.voice_text), []
    return call.speaker(None, given.voice_text), [
        "The video has no sound, so the voice is the model's own (--voice gives another)."
    ]


def plan_retelling(speaker: Speaker, text: str, speed: float, filmed: Order, way: FitMode | None, block: int) -> Retold:
    """What is said and seen.

    Args:
        block: audio tokens that are a whole number of frames; silence is that of some blocks.
        filmed: every frame of the video at its own time.
        way: where lengths differ by half a second or more: see `JamFlow.retell`.

    Raises:
        UserError: the text cannot be said, or lengths differ and the way is "refuse", or does not help.
    """
    speech_s, video_s = _length_s(speaker.utterances(text, speed)), filmed.end_s
    apart = abs(speech_s - video_s) >= SILENT_S
    facts = f"The video lasts {float(video_s):.1f} s and the text takes {float(speech_s):.1f} s to say"
    if not apart or way in (None, "loop", "refuse"):
        order, warnings = for_speech(filmed, speech_s, "refuse" if way == "refuse" else None)
        return Retold(lambda: speaker.utterances(text, speed), order, warnings)
    if way == "rate":
        rate = speed * min(max(float(speech_s / video_s), SLOWEST), FASTEST)
        order, warnings = for_speech(filmed, _length_s(speaker.utterances(text, rate)), None)
        warnings = [f"{facts}: it is spoken {rate / speed:.2f} times as fast.", *warnings]
        return Retold(lambda: speaker.utterances(text, rate), order, warnings)
    if way == "pause":
        if speech_s > video_s:
            raise UserError(f"{facts}: there is no room for a pause.", "Use --fit rate, trim or loop.")

        def rested() -> Iterator[Utterance]:
            return _rested(speaker.utterances(text, speed), video_s, block)

        return Retold(rested, filmed.covering(_length_s(rested())), [f"{facts}: the rest is silence."])
    if speech_s < video_s:
        return Retold(lambda: speaker.utterances(text, speed), *for_speech(filmed, speech_s, None))
    kept = _within(speaker.utterances(text, speed), video_s)
    if not kept:
        raise UserError(f"{facts}: not even its first sentence fits.", "Shorten the text, or use --fit rate or loop.")
    order = filmed.covering(_length_s(iter(kept)))
    return Retold(lambda: iter(kept), order, [f"{facts}: sentences that come after the video's end are left out."])


def _length_s(utterances: Iterator[Utterance]) -> Fraction:
    return sum((u.length_s - u.overlap_s for u in utterances), Fraction(0))


def _within(utterances: Iterator[Utterance], room_s: Fraction) -> list[Utterance]:
    """As many as are over by then."""
    kept: list[Utterance] = []
    for utterance in utterances:
        room_s -= utterance.length_s - utterance.overlap_s
        if room_s < 0:
            break
        kept.append(utterance)
    return [*kept[:-1], replace(kept[-1], last=True, overlap_s=Fraction(0))] if kept else []


def _rested(utterances: Iterator[Utterance], whole_s: Fraction, block: int) -> Iterator[Utterance]:
    """And silence after the last one, until that time or up to a third of a second later."""
    for utterance in utterances:
        whole_s -= utterance.length_s - utterance.overlap_s
        if not utterance.last or whole_s <= 0:
            yield utterance
            continue
        yield replace(utterance, last=False)
        while whole_s > 0:
            rest = _silence(utterance, min(whole_s, _SILENCE_S), block)
            whole_s -= rest.length_s
            yield replace(rest, last=whole_s <= 0)


def _silence(after: Utterance, least_s: Fraction, block: int) -> Utterance:
    """An utterance of the same voice that says nothing."""
    if not after.phones:
        raise UserError(
            "This model finds the timing of its text itself, so it cannot be told to be silent.", "Use --fit rate or loop."
        )
    voice = after.voice_tokens
    rate_hz = (after.tokens - voice) / after.length_s
    tokens = ceil(least_s * rate_hz / block) * block
    assert after.speech.text_n is not None
    text_n = torch.cat([after.speech.text_n[:voice], torch.full((tokens,), symbols().index(SILENCE))])
    speech = replace(after.speech, given_a=torch.arange(voice + tokens) < voice, text_n=text_n)
    length_s = tokens / rate_hz
    return replace(after, tokens=voice + tokens, speech=speech, phones=[(SILENCE, 0.0, float(length_s))], length_s=length_s)
