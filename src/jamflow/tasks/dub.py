"""`dub`: a video gets speech in time with its lips; its picture is copied."""

from functools import partial

from jamflow.footage.seen_lips import seen_lips
from jamflow.footage.video import untracked
from jamflow.result import Copied, Result
from jamflow.tasks.call import Call
from jamflow.tasks.pieces import lips_of
from jamflow.tasks.speech_plan import SpeechPlan
from jamflow.tasks.table import Dub
from jamflow.text.fit import check_fit

# Without a text, only the lips say what is to be heard: docs/decisions.md has what other guidance does.
_LIPS_ALONE = {"speech_guidance": 3.0, "keep_beginning": True}


def make(call: Call, given: Dub) -> Result:
    """See `JamFlow.dub`."""
    if given.text is not None:
        call.model.reader.check(given.text)  # before any work
    speaker = call.speaker(given.voice, given.voice_text)
    check_fit(given.fit, speaker.dub_fits, "dub with this model")
    if given.text is not None:
        next(speaker.utterances(given.text, 1.0))  # also what is too long for this voice
    if filmed := untracked(given.video):
        speaker.check_dub(given.text, filmed.end_s, given.fit)
    with call.timings("video"):
        footage, lips, warnings = seen_lips(given.video, call.load_faces().tracker)
        dubbed = speaker.dub(lips, given.text, given.fit, partial(lips_of, call.model))
    guidance = {}
    if given.text is None:
        guidance = _LIPS_ALONE if given.guidance is None else _LIPS_ALONE | {"speech_guidance": given.guidance}
    plan = SpeechPlan(
        dubbed.utterances,
        lambda: float(lips.length_s),
        speaker.sound,
        speaker.sample_rate_hz,
        (*speaker.warnings, *warnings, *dubbed.warnings),
        guidance,
        speaker.lesson,
    )
    copied = Copied(footage.path, footage.times_s[0], len(footage.times_s), footage.stored_size, footage.facts.fps)
    return call.result(plan, copied=copied)
