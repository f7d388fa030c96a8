"""Parameters, memory and time of each network of LivePortrait, on one thread of the processor.

Parameters are as published; beside them the memory of the weights when ready to run, and for one picture the memory that a
call takes on top and its processor seconds (the smallest of three). The weights are random. Needs the extra `dev`. Linux.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.shared.options import Output
from benchmarks.shared.process import forget_peak, peak_mib, resident_mib
from benchmarks.shared.report import Report
from jamflow.face.liveportrait.appearance import AppearanceFeatureExtractor
from jamflow.face.liveportrait.generator import SPADEDecoder
from jamflow.face.liveportrait.layers import fold
from jamflow.face.liveportrait.motion_extractor import MotionExtractor
from jamflow.face.liveportrait.retargeting import eye_network, lip_network, stitching_network
from jamflow.face.liveportrait.spade_folded import FoldedDecoder
from jamflow.face.liveportrait.warping import WarpingNetwork

NETWORKS: dict[str, tuple[Callable[[], nn.Module], list[tuple[int, ...]]]] = {
    "F, appearance (once a portrait)": (AppearanceFeatureExtractor, [(1, 3, 256, 256)]),
    "M, motion extractor": (MotionExtractor, [(1, 3, 256, 256)]),
    "W, warping": (WarpingNetwork, [(1, 32, 16, 64, 64), (1, 21, 3), (1, 21, 3)]),
    "G, generator": (SPADEDecoder, [(1, 256, 64, 64)]),
    "stitching": (stitching_network, [(1, 126)]),
    "eye retargeting": (eye_network, [(1, 66)]),
    "lip retargeting": (lip_network, [(1, 65)]),
}


@dataclass(frozen=True, kw_only=True)
class Options(Output):
    pass


def run(options: Options, report: Report) -> None:
    torch.set_num_threads(1)
    columns = {"network": "", "parameters": ",d", "weights, MiB": ".1f", "a call, MiB on top": ".0f", "processor seconds": ".2g"}
    table = report.table("One picture", columns)
    with torch.no_grad():
        for name, (make, shapes) in NETWORKS.items():
            network = make().eval()
            parameters = sum(p.numel() for p in network.parameters())
            fold(network)
            if isinstance(network, SPADEDecoder):
                network = FoldedDecoder(network)
            weights_mib = sum(p.numel() * p.element_size() for p in network.parameters()) / 2**20
            table.add(name, parameters, weights_mib, *call(network, [torch.rand(shape) for shape in shapes]))


def call(network: nn.Module, inputs: list[Tensor]) -> tuple[float, float]:
    """MiB on top of what is held before, and processor seconds."""
    network(*inputs)
    seconds = []
    forget_peak()
    before_mib = resident_mib()
    for _ in range(3):
        start_s = time.process_time()
        network(*inputs)
        seconds.append(time.process_time() - start_s)
    return peak_mib() - before_mib, min(seconds)
