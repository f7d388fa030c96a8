"""`animate`: a portrait says what is said in a recording."""

from jamflow.result import Result
from jamflow.speech.recording import open_recording
from jamflow.tasks.call import Call
from jamflow.tasks.speech_plan import SpeechPlan
from jamflow.tasks.table import Animate


def make(call: Call, given: Animate) -> Result:
    """See `JamFlow.animate`."""
    with call.timings("speech"):
        recording = open_recording(given.speech, call.model.joint.config.mel.sample_rate_hz)
    picture = call.portrait(given.portrait, given.face, given)
    return call.result(SpeechPlan.of_recording(recording, call.model.joint.config), picture, given.still)
