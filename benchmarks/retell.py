"""Does the person in a video say another sentence, in the same voice (`retell`)?

Every clip (in time with its sound, one a person) is said with a sentence of sentences.txt; clip k has seed k. Whisper base
listens; Resemblyzer is asked whether the speech is nearer to the clip's own sound than to that of five other clips; and
lips are tracked in the video that was made: against the motion that the model made for it, and against the filmed lips,
which should not be left. Needs: pip install 'jamflow[eval]', then pip install --no-deps resemblyzer (only its weights are
used).
"""

import random
from dataclasses import dataclass

import numpy as np

from benchmarks.shared.clips import evenly, one_a_person, video_folder
from benchmarks.shared.lips import track
from benchmarks.shared.options import ClipOptions, ModelOptions
from benchmarks.shared.report import Report, number
from benchmarks.shared.sentences import sentences
from jamflow.errors import UserError
from jamflow.evaluate.interval import bootstrap_interval
from jamflow.evaluate.lips import best_lag, correlation, lag_profile
from jamflow.evaluate.speaker import VoiceEncoder, similarity
from jamflow.evaluate.wer import word_errors
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.media.video_reader import video_facts
from jamflow.pipeline import JamFlow
from jamflow.speech.waveform import read_wave
from jamflow.speech.whisper import Whisper

RATE_HZ = 24000
OTHERS = 5


@dataclass(frozen=True, kw_only=True)
class Options(ClipOptions, ModelOptions):
    shortest_s: float = 2.5
    """Clips under this are left out, seconds."""
    keep: bool = False
    """Keep the videos in the folder `--out`."""


def run(options: Options, report: Report) -> None:
    paths = [path for path in one_a_person(options.clips, options.shortest_s) if video_facts(path).has_sound]
    paths, texts = evenly(paths, options.count), sentences()
    if len(paths) <= OTHERS:
        raise UserError(f"Only {len(paths)} clips can be used.", f"Voices are compared with {OTHERS} others: give more.")
    model, whisper, encoder = JamFlow.load(options.model), Whisper(), VoiceEncoder()
    voices = {path: encoder.embed(read_wave(path, RATE_HZ), RATE_HZ) for path in paths}
    said, heard, own, nearest, with_model, with_filmed, profiles = [], [], [], [], [], [], []
    columns = {"similarity to its own voice": ".2f", "to the nearest of five": ".2f", "r with the model's lips": ".3f"}
    table = report.table("Clip by clip", {"clip": "", "said": "", "heard": "", **columns})
    report.seeds = range(options.seed, options.seed + len(paths))
    with video_folder(report.folder, options.keep) as folder:
        for k, path in enumerate(paths):
            text = texts[k % len(texts)]
            result = model.retell(path, text, seed=options.seed + k, nfe=options.nfe)
            speech, motion = result.speech, result.motion
            assert motion is not None, "retell generates motion"
            out = folder / f"{path.stem}_retold.mp4"
            result.save(out)
            said.append(text)
            heard.append(whisper.transcribe(speech.waveform, speech.sample_rate))
            voice = encoder.embed(speech.waveform, speech.sample_rate)
            others = random.Random(path.name).sample([p for p in paths if p != path], OTHERS)
            own.append(similarity(voice, voices[path]))
            nearest.append(max(similarity(voice, voices[p]) for p in others))
            seen_t, made_t = track(out).opening_t, lip_opening_cm(motion.expression_tk3)
            filmed_t = track(path).opening_t
            n, m = min(len(seen_t), len(made_t)), min(len(seen_t), len(filmed_t))
            with_model.append(correlation(seen_t[:n], made_t[:n]))
            profiles.append(lag_profile(seen_t[:n], made_t[:n]))
            with_filmed.append(correlation(seen_t[:m], filmed_t[:m]))
            table.add(path.stem, text, heard[-1], own[-1], nearest[-1], with_model[-1])
    errors, won = word_errors(said, heard), np.array(own) > np.array(nearest)
    lag = best_lag(np.nanmean(profiles, axis=0))
    table = report.table(f"Over all {len(said)} clips", {"measure": "", "value": "", "95 % interval": ".0%"})
    table.add("word error rate, mean of clips", number(errors.utterance_mean, ".1%"), None)
    table.add("word error rate, corpus", number(errors.corpus, ".1%"), None)
    table.add(
        f"nearer to its own voice than to all {OTHERS} others", number(won.mean(), ".0%"), bootstrap_interval(won.astype(float))
    )
    table.add("similarity to its own voice", number(float(np.mean(own)), ".2f"), None)
    table.add("similarity to the nearest other", number(float(np.mean(nearest)), ".2f"), None)
    table.add("lips in the video against the model's, r", number(np.nanmean(with_model), ".3f"), None)
    table.add("lips in the video against the model's, best lag", number(lag.frames, "+.2f", "frames"), None)
    table.add("lips in the video against the filmed ones, r", number(np.nanmean(with_filmed), ".3f"), None)
