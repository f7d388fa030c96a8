"""JAM-Flow against the official code, side by side: python benchmarks/against_official.py --parts liveportrait ...

Both load the same filled weights and compute the same inputs, each in its own process, in turns. Prints a Markdown
table. See benchmarks/README.md for the reference commands.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from against_official import liveportrait
from against_official.duel import HEADER, duel, table


@dataclass(frozen=True)
class Options:
    parts: tuple[Literal["liveportrait"], ...] = ("liveportrait",)
    """What to compare."""
    liveportrait_reference: str = ""
    """The official side of LivePortrait: "PYTHON benchmarks/against_official/workers/liveportrait_official.py CHECKOUT"."""
    rounds: int = 5
    """Runs of each side, after one that warms up."""
    threads: int = 1


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    contenders = {"liveportrait": lambda: liveportrait.contenders(options.liveportrait_reference)}
    modules = {"liveportrait": liveportrait}
    print("\n".join(HEADER))
    for part in options.parts:
        with tempfile.TemporaryDirectory() as folder:
            modules[part].write_job(Path(folder))
            for case, title in modules[part].CASES.items():
                scores = duel(contenders[part](), Path(folder), case, options.rounds, options.threads)
                print("\n".join(table(title, scores)), flush=True)


if __name__ == "__main__":
    main()
