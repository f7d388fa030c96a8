"""Make the mini corpus: python make_corpus.py --out CORPUS --teacher hibari --hours 8 --seed 0

Runs of different seeds make different sentences and voices; run as many side by side as there are cores. A run that was stopped
goes on with the shard that it was making.
"""

import argparse
import itertools
import random
import sys
from pathlib import Path

import numpy as np
from flite_teacher import FliteTeacher
from teachers import SAMPLE_RATE, HibariTeacher, KokoroTeacher, Phones
from texts import training_texts

from jamflow.data.corpus import Shard, ShardWriter
from jamflow.speech.level import to_model_level
from jamflow.text.phonemes import PUNCTUATION, SILENCE, STRESS, VOWELS, symbols
from voices import Voice, flite_voices, hibari_voices, kokoro_voices

SHARD_SECONDS = 600.0
PAUSE_SHARE, PAUSE_S, PAUSE_WINDOW = 0.25, (0.3, 1.6), 480
HELD_OUT_TEXTS = Path(__file__).parents[2] / "benchmarks" / "sentences.txt"


def merge_stress(phones: Phones) -> Phones:
    """Teacher symbols to ours: a stress mark's time goes to the sound after it, unknown symbols to the
    sound before."""
    known = set(symbols())
    out: Phones = []
    stress, stress_start = "", None
    for symbol, start, end in phones:
        if symbol in "^$":
            symbol = SILENCE
        if symbol in STRESS:
            stress, stress_start = symbol, start
            continue
        if stress and stress_start is not None:
            start, stress_start = stress_start, None
        if stress and symbol in VOWELS:
            symbol, stress = stress + symbol, ""
        if symbol in known:
            out.append((symbol, round(start, 4), round(end, 4)))
        elif out:
            out[-1] = (out[-1][0], out[-1][1], round(end, 4))
    return out


def with_pause(wave: np.ndarray, phones: Phones, rng: np.random.Generator) -> tuple[np.ndarray, Phones]:
    """By chance a long pause behind the sentence, as quiet as its quietest part: who is silent keeps the mouth shut, also
    where noise goes on (the noise comes with the features)."""
    if rng.random() > PAUSE_SHARE:
        return wave, phones
    windows = wave[: len(wave) // PAUSE_WINDOW * PAUSE_WINDOW].reshape(-1, PAUSE_WINDOW)
    quiet = float(np.sqrt((windows**2).mean(1)).min())
    pause = rng.standard_normal(int(rng.uniform(*PAUSE_S) * SAMPLE_RATE)).astype(np.float32) * quiet
    end = round((len(wave) + len(pause)) / SAMPLE_RATE, 4)
    return np.concatenate([wave, pause]), [*phones, (SILENCE, phones[-1][2], end)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--teacher", choices=["hibari", "kokoro", "flite"], default="hibari")
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--everyday", action="store_true", help="sentences of everyday talk alone, without WordNet")
    args = parser.parse_args()

    from hibari.g2p import G2P

    american, british = G2P(british=False), G2P(british=True)
    held_out = HELD_OUT_TEXTS.read_text(encoding="utf-8").splitlines()
    hibari = HibariTeacher() if args.teacher == "hibari" else None
    kokoro = KokoroTeacher() if args.teacher == "kokoro" else None
    flite = FliteTeacher() if args.teacher == "flite" else None
    voices: list[Voice] = {"hibari": hibari_voices, "kokoro": kokoro_voices, "flite": flite_voices}[args.teacher]()

    made_s = 0.0
    for number in itertools.count():
        if made_s >= args.hours * 3600:
            break
        folder = args.out / f"{args.teacher}-{args.seed}-{number:03d}"
        if folder.exists():
            made_s += len(Shard(folder).wave) / SAMPLE_RATE
            continue
        rng = random.Random(folder.name)  # every shard has its own: a run that goes on makes what it would have made
        noise = np.random.default_rng([args.seed, number])
        texts = training_texts(rng, held_out, 1.0 if args.everyday else 0.15)
        writer = ShardWriter(folder)
        while writer.samples < SHARD_SECONDS * SAMPLE_RATE and made_s + writer.samples / SAMPLE_RATE < args.hours * 3600:
            text = next(texts)
            voice = rng.choices(voices, [v.share for v in voices])[0]
            phonemes = (british if voice.british else american)(text)
            if len(phonemes) < 8 or phonemes[-1] not in PUNCTUATION + "".join(symbols()):
                continue
            pace = rng.uniform(0.85, 1.15)
            morph = type(voice.morph)(**{**vars(voice.morph), "speed": pace})
            if hibari:
                wave, phones = hibari(phonemes, morph, noise)
            elif kokoro:
                wave, phones = kokoro(phonemes, dict(voice.mix), morph)
            elif flite:
                made = flite(text, phonemes, voice.mix[0][0], morph, noise)
                if made is None:
                    continue
                wave, phones = made
            wave, phones = with_pause(to_model_level(wave), merge_stress(phones), noise)
            writer.add(wave, text, voice.name, phones)
        made_s += writer.samples / SAMPLE_RATE
        writer.close()
        print(f"{args.teacher} {args.seed}: {made_s / 3600:.2f} h", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
