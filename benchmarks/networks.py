"""Parameters, memory and time of each network of `mini` and `base`, for 10 s.

Each network runs in a process of its own, on one thread, with random weights. Time is the median of `--rounds` runs after
one that warms up, in seconds of the processor; memory is the largest resident size above that before the network was made,
its weights included. Streams: one evaluation in single precision, both rows of the guidance in one batch. Needs the extra `dev`.
Linux.
"""

import os
from dataclasses import dataclass
from typing import Literal

from benchmarks.shared.options import Output
from benchmarks.shared.process import worker
from benchmarks.shared.report import Report

NETWORKS = {
    "mini": ("Audio-DiT", "Motion-DiT", "joint", "vocoder", "durations"),
    "base": ("Audio-DiT", "Motion-DiT", "joint", "vocoder"),
}


@dataclass(frozen=True, kw_only=True)
class Options(Output):
    sizes: tuple[Literal["mini", "base"], ...] = ("mini", "base")
    rounds: int = 5


def run(options: Options, report: Report) -> None:
    columns = {"network": "", "parameters": ",d", "weights, MB": ".1f", "memory, MiB": ".0f", "processor seconds": ".3f"}
    table = report.table("10 s of speech and motion", columns)
    for size in options.sizes:
        for name in NETWORKS[size]:
            asked = {"size": size, "name": name, "rounds": options.rounds}
            one = next(worker("one_network", asked, os.environ | {"OMP_NUM_THREADS": "1"}))
            table.add(f"{size}: {name}", one["parameters"], one["parameters"] * 4 / 1e6, one["memory_mib"], one["processor_s"])
