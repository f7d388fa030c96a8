"""What a model makes while it trains: plots of mel and lips, and a talking video where the weights that draw and sound are here.

Files of a step, in `RUN/STAGE/samples`: `STEP-CLIP.png`, mel and lips as recorded, as heard (`animate`: speech is given) and as
spoken (text is given, and the first third of speech); `STEP.mp4`, the text of the first clip in its voice.
"""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jamflow.errors import UserError
from jamflow.extras import import_extra
from jamflow.loading.model import assemble
from jamflow.loading.renderers import Faces, load_faces
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.pipeline import JamFlow
from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
from jamflow.sampling.generate import Sampling, Streams, generate
from jamflow.speech.waveform import write_wave
from jamflow.train.base.clips import ClipBatch, ClipReader
from jamflow.weights.shipped import asset

logger = logging.getLogger(__name__)

CLIPS = 2
STEPS = 16  # of the solver


class Samples:
    """Of the same clips at every call: those of voices that are held out, or the first ones."""

    def __init__(
        self,
        run: Path,
        reader: ClipReader,
        normaliser: Normaliser,
        write_model: Callable[[Path, dict[str, Tensor]], None],
        device: torch.device,
        faces: Callable[..., Faces] = load_faces,
    ):
        """reader: of the clips to show. write_model: makes a model's folder of averaged weights. faces: what draws."""
        self.run, self.reader, self.normaliser, self.write_model, self.device = run, reader, normaliser, write_model, device
        self._faces = faces
        self._clips = [i for i in range(len(reader.clips)) if reader.filmed(i)][:CLIPS]

    def __call__(self, stage: str, step: int, averaged: dict[str, Tensor]) -> None:
        folder = self.run / stage / "samples"
        folder.mkdir(parents=True, exist_ok=True)
        model = JointModel(self.reader.config).to(self.device)
        model.load_state_dict(averaged)
        model.eval().requires_grad_(False)
        for number, clip in enumerate(self._clips):
            batch = self.reader.batch(0, np.array([clip]))
            made = {"recorded": Streams(batch.mel_bac[0], batch.mouth_btc[0]), **self._made(model, batch)}
            draw(made, self.reader.config.motion_fps, folder / f"{step:07d}-{number}.png", batch.names[0])
        try:
            self._film(folder / f"{step:07d}.mp4", averaged)
        except UserError as error:
            logger.info(f"No video of step {step}: {error}")

    def _made(self, model: JointModel, batch: ClipBatch) -> dict[str, Streams]:
        mel, clue = batch.mel_bac[0], batch.clue_btc[0]
        given = torch.arange(len(mel)) < len(mel) // 3
        calls = {
            "heard": (SpeechCondition("given", mel), MotionCondition("generated", clue_tc=clue)),
            "spoken": (
                SpeechCondition("generated", mel, given, batch.text_bn[0]),
                MotionCondition("generated", clue_tc=clue),
            ),
        }
        sampling = Sampling(steps=STEPS, speech_guidance=2.0)
        out = {}
        for name, (speech, motion) in calls.items():
            generator = torch.Generator().manual_seed(0)
            conditions = Conditions(len(mel), speech, motion)
            streams = generate(model, self.normaliser.to(self.device), conditions, sampling, generator)
            out[name] = Streams(*(None if x is None else x.cpu() for x in (streams.mel_fm, streams.mouth_tc)))
        self.normaliser.cpu()
        return out

    def _film(self, path: Path, averaged: dict[str, Tensor]) -> None:
        """`speak` as a user calls it. Raises UserError where weights are missing, or the model cannot speak yet."""
        clip = self._clips[0]
        shard = self.reader.shards[self.reader.clips.shard_n[clip]]
        utterance = shard.utterances[self.reader.clips.utterance_n[clip]]
        if not utterance.text:
            raise UserError("The first clip has no text.", "Hold out a voice whose text is known.")
        with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
            self.write_model(Path(temporary), averaged)
            voice = Path(temporary) / "voice.wav"
            write_wave(voice, shard.samples(utterance), shard.facts.mel.sample_rate_hz)
            loaded = assemble(Path(temporary), self.device)
            motion = loaded.joint.config.motion
            model = JamFlow(loaded, self._faces(motion.space, self.device, motion.mouth))
            portrait = asset("portraits/astronaut.png")
            model.speak(portrait=portrait, text=utterance.text, voice=voice, voice_text=utterance.text).save(path)


def draw(made: dict[str, Streams], fps: float, picture: Path, title: str) -> None:
    """A column for each of `made`, on the same scales: its mel, and the channel of its lips that moves most in the first one."""
    matplotlib: Any = import_extra("matplotlib", "train")
    matplotlib.use("Agg")
    plt: Any = import_extra("matplotlib.pyplot", "train")
    figure, axes = plt.subplots(2, len(made), figsize=(5 * len(made), 5), sharey="row", squeeze=False)
    first = next(iter(made.values()))
    assert first.mel_fm is not None and first.mouth_tc is not None
    channel = int(first.mouth_tc.std(0).argmax())
    low, high = float(first.mel_fm.min()), float(first.mel_fm.max())
    for column, (name, streams) in enumerate(made.items()):
        above, below = axes[0, column], axes[1, column]
        above.set_title(name)
        if streams.mel_fm is not None:
            above.imshow(streams.mel_fm.T, origin="lower", aspect="auto", vmin=low, vmax=high)
        if streams.mouth_tc is not None:
            for x, colour in ((first.mouth_tc, "0.7"), (streams.mouth_tc, "C0")):
                below.plot(torch.arange(len(x)) / fps, x[:, channel], color=colour)
        below.set_xlabel("seconds")
    figure.suptitle(title)
    figure.savefig(picture, dpi=60, bbox_inches="tight")
    plt.close(figure)
