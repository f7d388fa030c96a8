"""Does the person in a video say another sentence, in the same voice? python benchmarks/retell.py CLIPS_FOLDER

Every clip (in time with its sound, one a person) is said with a sentence of sentences.txt. Whisper base listens; Resemblyzer is
asked whether the speech is nearer to the clip's own sound than to that of five other clips; and lips are tracked in the video
that was made: against the motion that the model made for it, and against the filmed lips, which should not be left.
Needs: pip install 'jamflow[eval]', then pip install --no-deps resemblyzer (only its weights are used).
"""

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from jamflow.evaluate.interval import bootstrap_interval
from jamflow.evaluate.lips import best_lag, correlation, lag_profile
from jamflow.evaluate.speaker import VoiceEncoder, similarity
from jamflow.evaluate.wer import word_errors
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.media.video_reader import video_facts
from jamflow.pipeline import JamFlow
from jamflow.speech.waveform import read_wave
from jamflow.speech.whisper import Whisper
from lip_sync import FPS, track, usable

RATE_HZ = 24000
OTHERS = 5
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Options:
    """clips: a folder of mp4 files at 25 frames a second; `count` of them are taken evenly, none under `least_s` seconds."""

    clips: tyro.conf.Positional[Path]
    model: str = "mini"
    nfe: int | None = None
    seed: int = 0
    count: int = 12
    least_s: float = 2.5
    keep: Path | None = None
    """A folder for the videos."""


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    paths = [p for p in usable(options.clips, options.least_s) if video_facts(p).fps == FPS and video_facts(p).has_sound]
    paths = paths[:: max(1, len(paths) // options.count)][: options.count]
    texts = (HERE / "sentences.txt").read_text(encoding="utf-8").splitlines()
    model, whisper, encoder = JamFlow.load(options.model), Whisper(), VoiceEncoder()
    voices = {path: encoder.embed(read_wave(path), RATE_HZ) for path in paths}
    said, heard, own, nearest, rs, old, lags = [], [], [], [], [], [], []
    print("| clip | said | heard | likeness to its own voice, to the nearest of five | r with the model's lips |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for k, path in enumerate(paths):
            text = texts[k % len(texts)]
            result = model.retell(path, text, seed=options.seed + k, nfe=options.nfe)
            speech, motion = result.speech, result.motion
            assert motion is not None, "retell generates motion"
            out = (options.keep or Path(name)) / f"{path.stem}_retold.mp4"
            result.save(out)
            said.append(text)
            heard.append(whisper.transcribe(speech.waveform, speech.sample_rate))
            voice = encoder.embed(speech.waveform, speech.sample_rate)
            others = random.Random(path.name).sample([p for p in paths if p != path], OTHERS)
            own.append(similarity(voice, voices[path]))
            nearest.append(max(similarity(voice, voices[p]) for p in others))
            seen_t, made_t = track(out).opening_t, lip_opening_cm(motion.expression_tk3)
            filmed_t = track(path).opening_t
            n = min(len(seen_t), len(made_t))
            rs.append(correlation(seen_t[:n], made_t[:n]))
            lags.append(lag_profile(seen_t[:n], made_t[:n]))
            m = min(len(seen_t), len(filmed_t))
            old.append(correlation(seen_t[:m], filmed_t[:m]))
            print(f"| {path.stem} | {text} | {heard[-1]} | {own[-1]:.2f}, {nearest[-1]:.2f} | {rs[-1]:.3f} |", flush=True)
    errors = word_errors(said, heard)
    won = np.array(own) > np.array(nearest)
    low, high = bootstrap_interval(won.astype(float))
    print(f"\n{len(said)} clips. Word error rate: {errors.utterance_mean:.1%} (mean of clips), {errors.corpus:.1%} (corpus).")
    print(
        f"Nearer to its own voice than to all {OTHERS} others: {won.mean():.0%} (95 %: {low:.0%} to {high:.0%}); likeness "
        f"{np.mean(own):.2f} to its own, {np.mean(nearest):.2f} to the nearest."
    )
    print(
        f"Lips seen in the video: r {np.nanmean(rs):.3f} with the model's, best lag "
        f"{best_lag(np.nanmean(lags, axis=0)).frames:+.2f} frames; {np.nanmean(old):.3f} with the filmed ones."
    )


if __name__ == "__main__":
    main()
