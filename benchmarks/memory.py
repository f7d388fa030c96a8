"""Does memory grow with the length of the result?

Makes speech (animate) or a talking video (the others) with the bundled voice and portrait, repeats it to the length wanted,
and runs the task on it in a process of its own; `lipsync` gets that video and its own sound. Measured is the resident
memory every 30 s of the result, and by how much it grows after the first minute (a straight line through what follows it).
Needs the extra `dev`. Linux.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import numpy as np
import tyro

from benchmarks.shared.options import PORTRAIT, Output
from benchmarks.shared.process import worker
from benchmarks.shared.report import Report, number

FIRST_S = 60.0
TEXT = "The harbour was quiet before the storm. Nobody had seen the old ship leave, but its place was empty. " * 3


@dataclass(frozen=True, kw_only=True)
class Options(Output):
    task: tyro.conf.Positional[Literal["animate", "reenact", "lipsync"]]
    minutes: float = 10.0
    nfe: int = 8
    side: int = 320
    """Pixels of the portrait; a small one is drawn sooner."""
    given: Path | None = None
    """Speech or a driving video to repeat, instead of made ones."""


def run(options: Options, report: Report) -> None:
    name = "speech.wav" if options.task == "animate" else "talking.mp4"
    one, long = options.given or report.folder / name, report.folder / f"long-{options.minutes:g}-{name}"
    if not one.exists():
        command = ["tts"] if options.task == "animate" else ["speak", "--portrait", str(PORTRAIT)]
        program = "from jamflow.app.cli import main; main()"
        subprocess.run([sys.executable, "-c", program, *command, "--text", TEXT, "-o", str(one)], check=True)
    repeat(one, long, options.minutes * 60)
    table = report.table("Resident memory", {"second of the result": ".0f", "MiB": ".1f", "most so far, MiB": ".1f"})
    seconds, resident = [], []
    asked = {
        "task": options.task,
        "given": long.resolve(),
        "portrait": PORTRAIT,
        "side": options.side,
        "nfe": options.nfe,
        "out": (report.folder / f"{options.task}.mp4").resolve(),
    }
    for row in worker("long_result", asked):
        table.add(row["done_s"], row["resident_mib"], row["peak_mib"])
        seconds.append(row["done_s"])
        resident.append(row["resident_mib"])
    later = np.array(seconds) >= FIRST_S
    if later.sum() > 2:
        minutes, mib = np.array(seconds)[later] / 60, np.array(resident)[later]
        slope, _ = np.polyfit(minutes, mib, 1)
        table = report.table("After the first minute", {"measure": "", "value": ""})
        table.add("growth", number(slope, "+.2f", "MiB a minute"))
        table.add("least", number(mib.min(), ".1f", "MiB"))
        table.add("most", number(mib.max(), ".1f", "MiB"))


def repeat(one: Path, long: Path, seconds: float) -> None:
    """The file end to end, without encoding it anew."""
    with av.open(str(long), "w") as target:
        streams, start_s = {}, 0.0
        while start_s < seconds:
            with av.open(str(one)) as source:
                for stream in source.streams:
                    streams.setdefault(stream.index, target.add_stream_from_template(stream) if not start_s else None)
                length_s = max(float(s.duration * s.time_base) for s in source.streams if s.duration and s.time_base)
                for packet in source.demux():
                    if packet.dts is None or packet.pts is None or packet.time_base is None:
                        continue
                    if start_s and packet.pts < 0:  # AAC's priming, which the end of the copy before is as good for
                        continue
                    shift = round(start_s / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = streams[packet.stream.index]
                    target.mux(packet)
            start_s += length_s
