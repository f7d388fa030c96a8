"""What `edit` refuses before anything slow is done: a face tracked, a voice learnt, words laid on their sound."""

from fractions import Fraction

from jamflow.alignment.find_words import WordFinder
from jamflow.editing.support import unknown_words
from jamflow.errors import UserError
from jamflow.speech.original import Original
from jamflow.tasks.table import Edit
from jamflow.text.phonemes import Phonemizer
from jamflow.text.words import spoken_words

_LEAST_S = 0.04  # of a time span
_LEFT_S = 0.3  # of the recording that must stay: the new words are fitted to it


def refuse_hopeless(given: Edit, sound: Original, words: WordFinder, phonemizer: Phonemizer, needs_words: bool) -> None:
    """Raises UserError for what is told by the length of the recording and by texts alone.

    needs_words: the model has to know what is said around the change.
    """
    new = (given.text if given.change is None else given.change[1]) or ""
    fresh = spoken_words(new, phonemizer) if new.strip() else []
    if given.change is not None:
        words.check(sound, given.change[0], given.transcript)
        if [word.text for word in fresh] == given.change[0].split():
            raise UserError("The new words are the old ones.", "Give others.")
        return
    from_s, to_s = span_of(given, sound)
    refuse_all(Fraction(to_s - from_s), sound)
    if given.transcript:
        spoken_words(given.transcript, phonemizer)
    if needs_words and not words.knows(sound, given.transcript):
        raise unknown_words()


def refuse_all(replaced_s: Fraction, sound: Original) -> None:
    """Raises UserError where nothing of a recording would be left."""
    if sound.length_s - replaced_s < _LEFT_S:
        raise UserError(
            "All of the recording would be replaced, and nothing be left to fit the new words to.",
            "Change less of it; or make new speech in this voice with `jamflow tts --voice` or `jamflow retell`.",
        )


def span_of(given: Edit, sound: Original) -> tuple[float, float]:
    """Checked times.

    Raises:
        UserError: they are not in the recording, or in the wrong order.
    """
    length_s = float(sound.length_s)
    from_s, to_s = given.from_s or 0.0, length_s if given.to_s is None else given.to_s
    if from_s < 0 or to_s > length_s + 0.005:
        raise UserError(f"The time span reaches beyond the recording, which lasts {length_s:.2f} s.", "Give times within it.")
    if not to_s - from_s >= _LEAST_S:
        raise UserError(f"The time span from {from_s:g} s to {to_s:g} s is empty.", "Let it end later than it begins.")
    return from_s, min(to_s, length_s)
