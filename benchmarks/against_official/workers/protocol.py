"""The measured side: one process that runs one case when told to. Linux; needs only torch, so that any environment will do.

Commands on stdin, a line each; answers on stdout, a line of JSON each:
    (started)   {"torch": version}                      weights and inputs are loaded
    run         {"seconds": ..., "cpu_s": ..., "peak_mib": ...}     one run: seconds of the clock, of the processor, and
                                                        the largest resident memory since loading
    save PATH   {}                                      outputs of the last run, as `torch.save` writes a dictionary
It ends when stdin does. Whatever the measured code prints goes to stderr.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

Run = Callable[[], dict[str, Tensor]]


def parser() -> argparse.ArgumentParser:
    """What the parent passes to every worker; a worker may add options of its own."""
    out = argparse.ArgumentParser()
    out.add_argument("--job", type=Path, required=True, help="folder with the filled weights and the inputs")
    out.add_argument("--case", required=True, help="which of the part's cases")
    out.add_argument("--threads", type=int, default=1)
    return out


def serve(options: argparse.Namespace, prepare: Callable[[argparse.Namespace], Run]) -> None:
    """Load with `prepare`, then answer until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    run = prepare(options)
    outputs: dict[str, Tensor] = {}
    Path("/proc/self/clear_refs").write_text("5")  # the peak of loading is not what is asked
    print(json.dumps({"torch": torch.__version__}), file=answers)
    for line in sys.stdin:
        command, _, path = line.strip().partition(" ")
        answer = {}
        if command == "run":
            outputs.clear()
            start_s, start_cpu_s = time.perf_counter(), time.process_time()
            outputs |= run()
            seconds, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
            answer = {"seconds": seconds, "cpu_s": cpu_s, "peak_mib": _peak_mib()}
        else:
            torch.save({name: x.float() for name, x in outputs.items()}, path)
        print(json.dumps(answer), file=answers)


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024
