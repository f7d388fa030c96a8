"""Runs one task on a long input; answers with the memory before the first frame, then every 30 s of the result."""

import json
import sys

import cv2

from benchmarks.shared.process import answer, peak_mib, resident_mib
from jamflow import JamFlow, reenact
from jamflow.media.image import read_image

EVERY_S = 30.0


def main(task: str, given: str, portrait: str, side: int, nfe: int, out: str) -> None:
    rgb = cv2.resize(read_image(portrait), (side, side), interpolation=cv2.INTER_AREA)
    if task == "animate":
        result = JamFlow.load(device="cpu").animate(rgb, given, nfe=nfe)
    elif task == "lipsync":
        result = JamFlow.load(device="cpu").lipsync(given, given, nfe=nfe)
    else:
        result = reenact(rgb, given)
    rows = 0

    def watch(done_s: float, _: float) -> None:
        nonlocal rows
        if done_s >= EVERY_S * (rows + 1):
            rows += 1
            answer(done_s=done_s, resident_mib=resident_mib(), peak_mib=peak_mib())

    answer(done_s=0.0, resident_mib=resident_mib(), peak_mib=peak_mib())
    result.save(out, watch)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
