"""An hour-long file, in the memory that two minutes take."""

import json
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pytest
from sources import RATE_HZ, Take, film

_PREPARE = """
import json, resource, sys
from pathlib import Path
from jamflow.prepare.clip import Clip
from jamflow.prepare.settings import Settings
from jamflow.prepare.workbench import Workbench
bench, out = Workbench(Settings()), []
for path in sys.argv[1:]:
    folder = Path(path).with_suffix("")
    folder.mkdir()
    verdicts = [(v.reason, v.start_s, v.seconds) for v, _ in bench.prepare(Clip(Path(path), "anna"), folder)]
    out.append((verdicts, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
print(json.dumps(out))
"""


def prepared(*paths: Path) -> list[tuple[list, float]]:
    """The verdicts on each file, and the process's peak memory after it, MiB."""
    run = subprocess.run([sys.executable, "-c", _PREPARE, *map(str, paths)], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def test_an_hour_of_film_is_read_as_it_is_needed(take: Take, tmp_path: Path) -> None:
    """A frame a second and silence, without a face but in the last minute, in which somebody speaks."""
    small = [frame[::2, ::2] for frame in take.frames[::25]]
    grey = np.full_like(small[0], 120)
    speech = np.resize(take.wave, 60 * RATE_HZ)
    long, short = (
        film(
            tmp_path / f"{count}.mp4",
            [*[grey] * (count - 60), *islice(cycle(small), 60)],
            np.concatenate([np.zeros((count - 60) * RATE_HZ, np.float32), speech]),
            fps=1,
        )
        for count in (3600, 120)
    )
    (_, before), (verdicts, after) = prepared(short, long)
    assert verdicts[0][0] == "no face" and verdicts[0][2] == pytest.approx(3540, abs=2)
    assert len(verdicts) >= 4 and {reason for reason, _, _ in verdicts[1:]} <= {"kept", "out of step"}
    assert sum(seconds for _, _, seconds in verdicts) == pytest.approx(3600, abs=2), "nothing is lost"
    assert after - before < 120, "the hour's sound is 345 MB, its frames 700 MB"
