"""Word error rate with F5-TTS's text normalisation, averaged in two ways.

F5-TTS (``src/f5_tts/eval/utils_eval.py``) deletes punctuation and converts to lower case. It does not spell out numbers or
abbreviations: "twenty" recognised as "20" is an error.
"""

import string
from collections.abc import Sequence
from dataclasses import dataclass

from jamflow.extras import import_extra

# zhon.hanzi.punctuation, the other half of what F5-TTS deletes: it holds the typographic quotes and dashes.
_HANZI_PUNCTUATION = (
    "＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～｟｠｢｣､\u3000、〃〈〉《》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟"
    "〰〾〿–—‘’‛“”„‟…‧﹏﹑﹔·！？｡。"
)
_DELETED = str.maketrans("", "", string.punctuation + _HANZI_PUNCTUATION)


@dataclass(frozen=True)
class WordErrors:
    """Word errors of a set of utterances; the rates are fractions and may exceed 1.

    Attributes:
        utterance_rates: the rate of each utterance, in order.
        utterance_mean: their arithmetic mean, F5-TTS's aggregation.
        corpus: all errors over all reference words, AlignDiT's aggregation. Do not compare it with ``utterance_mean``.
    """

    utterance_rates: tuple[float, ...]
    utterance_mean: float
    corpus: float


def normalise(text: str) -> str:
    """Lower-case words without punctuation, as F5-TTS compares them ("don't" becomes "dont")."""
    return " ".join(text.translate(_DELETED).lower().split())


def word_errors(references: Sequence[str], hypotheses: Sequence[str]) -> WordErrors:
    """Compares reference texts with recognised ones, utterance by utterance.

    Raises:
        ValueError: no utterances, unequal numbers of them, or a reference without words.
        UserError: jiwer is not installed.
    """
    if not references or len(references) != len(hypotheses):
        raise ValueError(f"{len(references)} references do not pair with {len(hypotheses)} hypotheses")
    said = [normalise(text) for text in references]
    if not all(said):
        raise ValueError("a reference has no words")
    heard = [normalise(text) for text in hypotheses]
    wer = import_extra("jiwer").wer
    rates = tuple(float(wer(a, b)) for a, b in zip(said, heard, strict=True))
    return WordErrors(rates, sum(rates) / len(rates), float(wer(said, heard)))
