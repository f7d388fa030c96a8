"""What a result says, before any of it is made."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from jamflow.media.video_reader import track_warnings
from jamflow.model.config import JointConfig
from jamflow.result import Passed
from jamflow.sampling.given_speech import utterances
from jamflow.sampling.utterance import Sound, Utterance
from jamflow.speech.recording import Recording
from jamflow.voices.adaptation import Lesson
from jamflow.voices.reader import Speaker


@dataclass(frozen=True)
class SpeechPlan:
    """What a result says.

    utterances: in order, anew at every call. expected_s: how long they last, about. sound: how what is generated becomes
    sound; None where nothing of it is heard. heard: the sound of the result. guidance: how it is guided, if not as usual.
    lesson: what the model is adapted to before it speaks, or None.
    """

    utterances: Callable[[], Iterator[Utterance]]
    expected_s: Callable[[], float]
    sound: Callable[[], Sound] | None
    heard: int | Passed
    warnings: Sequence[str]
    guidance: dict[str, Any] = field(default_factory=dict)
    lesson: Lesson | None = None

    @classmethod
    def of_text(cls, speaker: Speaker, text: str, speed: float) -> "SpeechPlan":
        """A text read out, by a speaker with the voice of a recording or its own.

        Raises:
            UserError: it cannot be spoken; all that can be checked is, before the first piece is made.
        """
        next(speaker.utterances(text, speed))

        def expected_s() -> float:
            return sum(float(utterance.length_s) for utterance in speaker.utterances(text, speed))

        return cls(
            lambda: speaker.utterances(text, speed),
            expected_s,
            speaker.sound,
            speaker.sample_rate_hz,
            speaker.warnings,
            lesson=speaker.lesson,
        )

    @classmethod
    def of_recording(cls, recording: Recording, config: JointConfig) -> "SpeechPlan":
        """What is said in a recording, whose sound is passed on.

        Raises:
            UserError: the model cannot be shown recordings.
        """
        utterances(recording, config)
        heard = Passed(recording.path, recording.start_s)
        warnings = track_warnings(recording.path)
        return cls(lambda: utterances(recording, config), lambda: float(recording.length_s), None, heard, warnings)
