"""From what an avatar is given to the avatar."""

from dataclasses import dataclass, replace

from jamflow.live.avatar import Avatar
from jamflow.live.expression import LiveFace
from jamflow.live.saying import Saying
from jamflow.tasks.call import Call
from jamflow.tasks.inputs import FaceChoice, Framed, InVoice, Portrait, Sampled

_STEPS = 4  # for lips of sound that is heard: docs/quality.md compares others


@dataclass(frozen=True, kw_only=True)
class Live(Sampled, Framed, FaceChoice, InVoice, Portrait):
    """A face that says what it hears or is told."""


def start(call: Call, given: Live, in_time: bool) -> Avatar:
    """An avatar; its lips for sound take `given.nfe` solver steps (None: 4), its speech takes the model's own.

    Raises:
        UserError: the portrait or the voice cannot be used, or the model has no motion.
    """
    call.refuse_still_model()
    picture = call.portrait(given.portrait, given.face, given)
    speaker = call.speaker(given.voice, given.voice_text)
    model = call.model.in_voice(call.adapter, speaker.lesson)
    face = LiveFace(picture, call.load_faces().renderer, model.joint.config, call.seed)
    saying = Saying(model, speaker, picture, replace(call.sampling, steps=call.model.sampling.steps), call.seed)
    hearing = replace(call.sampling, steps=given.nfe or _STEPS)
    return Avatar(model, face, picture.size, saying, hearing, call.seed, in_time)
