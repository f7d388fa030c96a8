"""Turn trained checkpoints into the files that ship: python export.py --joint RUN --vocoder RUN ...

With --corpus it also cuts the default voice out of the corpus: an utterance of "heart" of suitable length, with its text timing
and its lip motion. The voices with names come after that: `named_voices.py`.
"""

import argparse
from pathlib import Path

from voice_files import manner, stored

from jamflow.data.corpus import shards
from jamflow.data.features import examples
from jamflow.loading.joint import load_joint
from jamflow.text.durations import load_durations
from jamflow.train.export import export_durations, export_joint, export_recogniser, export_vocoder
from jamflow.voices.phonemes.voice_file import save_voice

ASSETS = Path(__file__).parents[2] / "src/jamflow/assets/mini"


def default_voice(corpus: Path, out: Path, config, voice: str = "heart", seconds: float = 2.7):
    """The statement of the voice whose length fits best, in the manner of all that the voice says."""
    statements, all_phones = [], []
    for shard in shards(corpus):
        for utterance, e in zip(shard.utterances, examples(shard, config.mel), strict=True):
            if e.voice != voice:
                continue
            all_phones.append(e.phones)
            if utterance.text.endswith("."):
                statements.append((utterance.text, e))
    if not statements:
        raise SystemExit(f"{voice} says nothing in {corpus}")
    text, e = min(statements, key=lambda said: abs(said[1].phones[-1][2] - seconds))
    print(f"default voice says: {text} ({e.phones[-1][2]:.2f} s)")
    durations = load_durations(out / "durations.safetensors", config.audio.text_vocab)
    made = stored(e.mel_fm, e.phones, e.lips_tc, config, manner(all_phones, durations))
    save_voice(out / "voice.safetensors", made, config.mel)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--joint", type=Path)
    parser.add_argument("--vocoder", type=Path)
    parser.add_argument("--durations", type=Path)
    parser.add_argument("--recogniser", type=Path)
    parser.add_argument("--out", type=Path, default=ASSETS)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.joint:
        export_joint(args.joint, args.out)
    if args.vocoder:
        export_vocoder(args.vocoder, args.out)
    if args.durations:
        export_durations(args.durations, args.out)
    if args.recogniser:
        export_recogniser(args.recogniser, args.out)
    if args.corpus:
        default_voice(args.corpus, args.out, load_joint(args.out / "joint.safetensors")[0].config)


if __name__ == "__main__":
    main()
