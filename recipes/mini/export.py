"""Turn trained checkpoints into the files that ship: python export.py --joint RUN --vocoder RUN --durations RUN

Also cuts the default voice out of the corpus: an utterance of "heart" of suitable length, with its text timing
and its lip motion.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from jamflow.data.corpus import shards
from jamflow.data.features import examples
from jamflow.face.articulation import articulate
from jamflow.loading.joint import joint_config, save_joint
from jamflow.sampling.utterance import Lips, Voice
from jamflow.text.phonemes import tokens_in_time
from jamflow.voices.phonemes.voice_file import save_voice
from jamflow.weights.tensors import save_tensors

ASSETS = Path(__file__).parents[2] / "src/jamflow/assets/mini"


def averaged(state: dict) -> dict:
    return {k: v for k, v in state["ema"].items() if k != "updates"}


def default_voice(corpus: Path, path: Path, config, voice: str = "heart", seconds: tuple[float, float] = (2.5, 2.88)):
    """The first statement of the voice that fits, padded with its own trailing silence to whole blocks."""
    block = config.block_tokens
    for shard in shards(corpus):
        for utterance, e in zip(shard.utterances, examples(shard, config.mel), strict=True):
            length_s = e.phones[-1][2]
            if e.voice != voice or not seconds[0] < length_s < seconds[1] or not utterance.text.endswith("."):
                continue
            tokens = int(np.ceil(length_s * config.token_rate_hz / block)) * block
            frames = tokens * config.frames_per_token
            mel = np.asarray(e.mel_fm, np.float32)
            quiet = mel[2:12]
            while len(mel) < frames:
                mel = np.concatenate([mel, quiet])
            duration_s = tokens / config.token_rate_hz
            frame_s = np.arange(round(duration_s * config.motion_fps)) / config.motion_fps
            at = np.minimum((frame_s * config.mel.frame_rate_hz).astype(int), len(e.loudness_f) - 1)
            mouth = articulate(e.phones, duration_s, config.motion_fps, None, e.loudness_f[at])
            print(f"default voice says: {utterance.text} ({length_s:.2f} s)")
            mouth_tc = torch.from_numpy(mouth.reshape(len(mouth), -1))
            lips = Lips(mouth_tc, torch.ones(len(mouth_tc), dtype=torch.bool))
            text_a = torch.from_numpy(tokens_in_time(e.phones, tokens, config.token_rate_hz))
            save_voice(path, Voice(torch.from_numpy(mel[:frames]), text_a, lips), config.mel)
            return
    raise SystemExit(f"no utterance of {voice} lasts {seconds} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--joint", type=Path)
    parser.add_argument("--vocoder", type=Path)
    parser.add_argument("--durations", type=Path)
    parser.add_argument("--out", type=Path, default=ASSETS)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.joint:
        state = torch.load(args.joint / "joint.pt", weights_only=True)
        config = joint_config(state["config"])
        save_joint(args.out / "joint.safetensors", averaged(state), state["normaliser"], config)
        if args.corpus:
            default_voice(args.corpus, args.out / "voice.safetensors", config)
    if args.vocoder:
        state = torch.load(args.vocoder / "vocoder.pt", weights_only=True)
        save_tensors(args.out / "vocoder.safetensors", averaged(state), state["config"])
    if args.durations:
        state = torch.load(args.durations / "durations.pt", weights_only=True)
        save_tensors(args.out / "durations.safetensors", state["model"], state["config"])


if __name__ == "__main__":
    main()
