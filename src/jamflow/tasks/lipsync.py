"""`lipsync`: the mouth of a video says what is said in a recording."""

from jamflow.footage.retime import for_speech
from jamflow.footage.video import open_footage, untracked
from jamflow.result import Result
from jamflow.speech.recording import open_recording
from jamflow.tasks.call import Call
from jamflow.tasks.speech_plan import SpeechPlan
from jamflow.tasks.table import Lipsync


def make(call: Call, given: Lipsync) -> Result:
    """See `JamFlow.lipsync`."""
    with call.timings("speech"):
        recording = open_recording(given.speech, call.model.joint.config.mel.sample_rate_hz)
    if given.fit == "refuse" and (filmed := untracked(given.video)):
        for_speech(filmed, recording.length_s, given.fit)
    with call.timings("video"):
        faces = call.load_faces()
        footage = open_footage(given.video, faces.tracker, given.face)
        order, lengths = for_speech(footage.filmed, recording.length_s, given.fit)
        picture, warnings = faces.repaint(footage, order)
    call.warnings.extend([*warnings, *lengths])
    return call.result(SpeechPlan.of_recording(recording, call.model.joint.config), picture, tags=footage.facts.tags)
