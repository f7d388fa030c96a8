"""Does memory grow with the length of the result? python benchmarks/memory.py animate|reenact|lipsync [--minutes 10]

Makes speech (animate) or a talking video (the others) with the bundled voice and portrait, repeats it to the length wanted, and
runs the task on it in a process of its own; `lipsync` gets that video and its own sound. Prints the resident memory every 30 s of
the result, and by how much it grows after the first minute (a straight line through what follows it). Linux only.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import numpy as np
import tyro

EVERY_S, FIRST_S = 30.0, 60.0
TEXT = "The harbour was quiet before the storm. Nobody had seen the old ship leave, but its place was empty. " * 3


@dataclass(frozen=True)
class Options:
    task: tyro.conf.Positional[Literal["animate", "reenact", "lipsync"]]
    minutes: float = 10.0
    nfe: int = 8
    side: int = 320
    """Pixels of the portrait; a small one is drawn sooner."""
    given: Path | None = None
    """Speech or a driving video to repeat, instead of made ones."""
    out: Path = Path("build/memory")
    measure: Path | None = None
    """What the process of its own is told; not for you."""


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    if options.measure is not None:
        measure(options, options.measure)
        return
    options.out.mkdir(parents=True, exist_ok=True)
    name = "speech.wav" if options.task == "animate" else "talking.mp4"
    one, long = options.given or options.out / name, options.out / f"long-{options.minutes:g}-{name}"
    if not one.exists():
        command = ["tts"] if options.task == "animate" else ["speak", "--portrait", str(_portrait())]
        run = "from jamflow.app.cli import main; main()"
        subprocess.run([sys.executable, "-c", run, *command, "--text", TEXT, "-o", str(one)], check=True)
    repeat(one, long, options.minutes * 60)
    same = ["--nfe", str(options.nfe), "--side", str(options.side), "--out", str(options.out)]
    subprocess.run([sys.executable, __file__, options.task, *same, "--measure", str(long)], check=True)


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


def measure(options: Options, given: Path) -> None:
    import cv2

    from jamflow import JamFlow, reenact
    from jamflow.media.image import read_image

    portrait = cv2.resize(read_image(_portrait()), (options.side, options.side), interpolation=cv2.INTER_AREA)
    if options.task == "animate":
        result = JamFlow.load(device="cpu").animate(portrait, given, nfe=options.nfe)
    elif options.task == "lipsync":
        result = JamFlow.load(device="cpu").lipsync(given, given, nfe=options.nfe)
    else:
        result = reenact(portrait, given)
    rows: list[tuple[float, float]] = []

    def watch(done_s: float, _: float) -> None:
        if done_s >= EVERY_S * (len(rows) + 1):
            rows.append((done_s, _mib("VmRSS")))
            print(f"{done_s:6.0f} s: {rows[-1][1]:7.1f} MiB, most so far {_mib('VmHWM'):7.1f}", flush=True)

    print(f"before the first frame: {_mib('VmRSS'):.1f} MiB", flush=True)
    result.save(options.out / f"{options.task}.mp4", watch)
    later = np.array([row for row in rows if row[0] >= FIRST_S])
    if len(later) > 2:
        slope, _ = np.polyfit(later[:, 0] / 60, later[:, 1], 1)
        print(f"growth after the first minute: {slope:+.2f} MiB a minute; {np.ptp(later[:, 1]):.1f} MiB from least to most")


def _mib(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def _portrait() -> Path:
    import jamflow

    return Path(jamflow.__file__).parent / "assets" / "portraits" / "astronaut.png"


if __name__ == "__main__":
    main()
