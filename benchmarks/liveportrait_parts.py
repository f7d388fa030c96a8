"""LivePortrait part by part, on one thread of the processor: python benchmarks/liveportrait_parts.py

Prints a Markdown table: parameters as published, memory of the weights when ready to run, and for one picture the memory
that a call takes on top and its processor seconds (the smallest of three). The weights are random. Linux.
"""

import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from jamflow.face.liveportrait.appearance import AppearanceFeatureExtractor
from jamflow.face.liveportrait.generator import SPADEDecoder
from jamflow.face.liveportrait.layers import fold
from jamflow.face.liveportrait.motion_extractor import MotionExtractor
from jamflow.face.liveportrait.retargeting import eye_network, lip_network, stitching_network
from jamflow.face.liveportrait.spade_folded import FoldedDecoder
from jamflow.face.liveportrait.warping import WarpingNetwork

PARTS: dict[str, tuple[Callable[[], nn.Module], list[tuple[int, ...]]]] = {
    "F, appearance (once a portrait)": (AppearanceFeatureExtractor, [(1, 3, 256, 256)]),
    "M, motion extractor": (MotionExtractor, [(1, 3, 256, 256)]),
    "W, warping": (WarpingNetwork, [(1, 32, 16, 64, 64), (1, 21, 3), (1, 21, 3)]),
    "G, generator": (SPADEDecoder, [(1, 256, 64, 64)]),
    "stitching": (stitching_network, [(1, 126)]),
    "eye retargeting": (eye_network, [(1, 66)]),
    "lip retargeting": (lip_network, [(1, 65)]),
}


def main() -> None:
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    print("| part | parameters | weights, MiB | a call, MiB on top | processor seconds |\n|---|---|---|---|---|")
    for name, (make, shapes) in PARTS.items():
        network = make().eval()
        parameters = sum(p.numel() for p in network.parameters())
        fold(network)
        if isinstance(network, SPADEDecoder):
            network = FoldedDecoder(network)
        weights_mib = sum(p.numel() * p.element_size() for p in network.parameters()) / 2**20
        on_top_mib, cpu_s = _call(network, [torch.rand(shape) for shape in shapes])
        print(f"| {name} | {parameters:,} | {weights_mib:.1f} | {on_top_mib:.0f} | {cpu_s:.2g} |", flush=True)


def _call(network: nn.Module, inputs: list[Tensor]) -> tuple[float, float]:
    network(*inputs)
    seconds = []
    Path("/proc/self/clear_refs").write_text("5")
    before_mib = _resident_mib("VmRSS")
    for _ in range(3):
        start_s = time.process_time()
        network(*inputs)
        seconds.append(time.process_time() - start_s)
    return _resident_mib("VmHWM") - before_mib, min(seconds)


def _resident_mib(what: str) -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(what)) / 1024


if __name__ == "__main__":
    main()
