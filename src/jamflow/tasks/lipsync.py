"""`lipsync`: the mouth of a video says what is said in a recording."""

from pathlib import Path

from jamflow.footage.retime import as_filmed, for_speech
from jamflow.footage.video import open_footage
from jamflow.media.video_reader import frame_times, video_facts
from jamflow.result import Result
from jamflow.speech.recording import Recording, open_recording
from jamflow.tasks.call import Call
from jamflow.tasks.speech_plan import SpeechPlan
from jamflow.tasks.table import Lipsync


def make(call: Call, given: Lipsync) -> Result:
    """See `JamFlow.lipsync`."""
    with call.timings("speech"):
        recording = open_recording(given.speech, call.model.joint.config.mel.sample_rate_hz)
    if given.fit == "refuse":
        refuse_other_length(given.video, recording)
    with call.timings("video"):
        faces = call.load_faces()
        footage = open_footage(given.video, faces.tracker, given.face)
        order, lengths = for_speech(footage.filmed, recording.length_s, given.fit)
        picture, warnings = faces.repaint(footage, order)
    call.warnings.extend([*warnings, *lengths])
    return call.result(SpeechPlan.of_recording(recording, call.model.joint.config), picture, tags=footage.facts.tags)


def refuse_other_length(video: str | Path, recording: Recording) -> None:
    """Raises UserError where a video and a recording differ in length; before the face is tracked, which takes long."""
    times_s, fps = frame_times(video), video_facts(video).fps
    if times_s:
        for_speech(as_filmed(times_s, times_s[-1] - times_s[0] + 1 / fps), recording.length_s, "refuse")
