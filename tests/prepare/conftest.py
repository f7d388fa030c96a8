"""Small sources, made of the project's own portrait, voice and model."""

from pathlib import Path

import numpy as np
import pytest
from sources import RATE_HZ, Here, Take

from jamflow import JamFlow
from jamflow.media.video_reader import read_video
from jamflow.prepare.settings import Settings
from jamflow.speech.waveform import read_wave

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
TEXT = "Sixty seven people went to the market by boat, and bought papers, apples and maps."
SENTENCES = ("The boat was full of maps.", "Nobody came home before noon.", "A fox ran over the old bridge.")


@pytest.fixture(scope="session")
def model() -> JamFlow:
    return JamFlow.load()


@pytest.fixture(scope="session")
def talking(model: JamFlow, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face that says `TEXT`, about six seconds."""
    path = tmp_path_factory.mktemp("talking") / "face.mp4"
    model.speak(PORTRAIT, TEXT, nfe=6, still=True, frame="head").save(path)
    return path


@pytest.fixture(scope="session")
def take(talking: Path) -> Take:
    """Its frames, and its sound."""
    return Take([rgb for _, rgb in read_video(talking)], read_wave(talking, RATE_HZ))


@pytest.fixture(scope="session")
def voices(model: JamFlow, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """Sentences and how they sound."""
    folder = tmp_path_factory.mktemp("voices")
    out = {}
    for number, sentence in enumerate(SENTENCES):
        model.tts(sentence, nfe=6, seed=number).save(folder / "a.wav")
        out[sentence] = read_wave(folder / "a.wav", RATE_HZ)
    return out


@pytest.fixture(scope="session")
def here() -> Here:
    """Workers that need no processes, with tools that are loaded once."""
    return Here(Settings())
