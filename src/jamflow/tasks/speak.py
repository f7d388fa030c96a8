"""`speak`: a portrait and a text become a talking video."""

from jamflow.result import Result
from jamflow.tasks.call import Call
from jamflow.tasks.speech_plan import SpeechPlan
from jamflow.tasks.table import Speak


def make(call: Call, given: Speak) -> Result:
    """See `JamFlow.speak`."""
    call.model.reader.check(given.text)  # before any work
    picture = call.portrait(given.portrait, given.face, given)
    speaker = call.seeing(call.speaker(given.voice, given.voice_text), given.voice)
    plan = SpeechPlan.of_text(speaker, given.text, given.speed)
    return call.result(plan, picture, given.still)
