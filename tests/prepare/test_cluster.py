"""A local Ray of two workers makes the shards that processes make."""

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sources import RATE_HZ, Here, contents

from jamflow.errors import UserError
from jamflow.prepare.cluster import RayData
from jamflow.prepare.run import prepare_sources
from jamflow.prepare.settings import Settings
from jamflow.speech.waveform import write_wave


@pytest.fixture(scope="module")
def ray() -> Iterator[None]:
    if importlib.util.find_spec("ray") is None or importlib.util.find_spec("pyarrow") is None:
        pytest.skip("Ray is not installed: pip install 'jamflow[ray]'")
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield
    ray.shutdown()


def test_two_workers_make_the_same_shards(ray: None, here: Here, voices: dict[str, np.ndarray], tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number, wave in enumerate(voices.values()):
        write_wave(source / f"{number}.wav", wave, RATE_HZ)
    (source / "broken.wav").write_bytes(b"no sound")
    settings = Settings()
    outcome = prepare_sources([source], tmp_path / "ray", settings, RayData(settings, "local"), licence="CC0")
    assert outcome.counts == {"kept": 3, "unreadable": 1}
    prepare_sources([source], tmp_path / "here", settings, here, licence="CC0")
    assert contents(tmp_path / "ray") == contents(tmp_path / "here")
    shutil.rmtree(tmp_path / "ray/shard-0000")
    again = prepare_sources([source], tmp_path / "ray", settings, RayData(settings, "local"), licence="CC0")
    assert again.counts == outcome.counts, "a shard that was removed is made again"


def test_without_ray_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match="jamflow\\[ray\\]"):
        RayData(Settings(), "local")
