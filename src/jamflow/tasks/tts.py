"""`tts`: a text becomes speech."""

from jamflow.result import Result
from jamflow.tasks.call import Call
from jamflow.tasks.speech_plan import SpeechPlan
from jamflow.tasks.table import Tts


def make(call: Call, given: Tts) -> Result:
    """See `JamFlow.tts`."""
    call.model.reader.check(given.text)  # before any work
    speaker = call.speaker(given.voice, given.voice_text)
    return call.result(SpeechPlan.of_text(speaker, given.text, given.speed))
