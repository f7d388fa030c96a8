"""JAM-Flow and official code in turns: seconds, memory, and how far the results are apart.

Both sides load the same filled weights and compute the same inputs, each in its own process (and, if need be, environment).
README.md has the commands of the official sides. Needs the extra `dev`; the official side needs its own packages. Linux.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.against_official import f5, liveportrait, vocos
from benchmarks.against_official.duel import COLUMNS, Contender, duel, rows
from benchmarks.shared.options import Output
from benchmarks.shared.report import Report


@dataclass(frozen=True, kw_only=True)
class Options(Output):
    parts: tuple[Literal["f5", "vocos", "liveportrait"], ...] = ("f5", "vocos", "liveportrait")
    """What to compare."""
    f5_reference: str = ""
    """The official side of F5-TTS and Vocos: the python of an environment with `f5-tts` and `vocos`."""
    liveportrait_reference: str = ""
    """The official side of LivePortrait: "PYTHON benchmarks/against_official/workers/liveportrait_official.py CHECKOUT"."""
    rounds: int = 5
    """Runs of each side, after one that warms up."""
    threads: int = 1


def run(options: Options, report: Report) -> None:
    contenders: dict[str, Callable[[str], list[Contender]]] = {
        "f5": lambda case: f5.contenders(options.f5_reference, case),
        "vocos": lambda _: vocos.contenders(options.f5_reference),
        "liveportrait": lambda _: liveportrait.contenders(options.liveportrait_reference),
    }
    modules = {"f5": f5, "vocos": vocos, "liveportrait": liveportrait}
    sides = {(part, case): contenders[part](case) for part in options.parts for case in modules[part].CASES}
    table = report.table("Medians, with the smallest and the largest; ratios are to the first side of a case", COLUMNS)
    for part in options.parts:
        with tempfile.TemporaryDirectory() as folder:
            modules[part].write_job(Path(folder))
            for case, title in modules[part].CASES.items():
                for row in rows(title, duel(sides[part, case], Path(folder), case, options.rounds, options.threads)):
                    table.add(*row)
