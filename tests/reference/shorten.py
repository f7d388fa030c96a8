"""Makes the reference values in this folder from the whole set: python tests/reference/shorten.py SHARED/golden

Dropped are outputs of inner layers, what no test reads, and inputs that `golden_inputs.py` makes from their rule. Of every
tensor at most `KEPT` values stay, spread over it by a stride that is a multiple of the whole set's. Nothing else is changed.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

KEPT = 500
RULES = ("images", "noise_rows", "normal", "tokens", "uniform", "waveform")  # those of which `Golden.input` makes the input
# Inner layers, BigVGAN's mel, the Vocos package's mel, padding "same", sources that are videos and their smoothing.
UNUSED = (
    *("mid/", "image_every_8th", "window/", "bigvgan", "slaney", "vocos_package", "_same", "/same"),
    *("smooth", "case/video", "video_", "source_video", "motion_multiplier"),
)
MODELS = {"f5tts": ("F5TTS_v1_Base", "F5TTS_v1_Small", "vocos_mel_24khz"), "liveportrait": None}  # None: all


def further_stride(values: int, shape: list[int]) -> int:
    """The smallest prime that leaves at most `KEPT` values and divides no side: every row and channel is met."""
    step = max(1, math.ceil(values / KEPT))
    while step > 1 and (any(step % d == 0 for d in range(2, step)) or any(side % step == 0 for side in shape)):
        step += 1
    return step


def shorten(whole: Path, short: Path) -> None:
    with np.load(whole) as file:
        meta = json.loads(str(file["meta"]))
        for kind in ("tensors", "inputs", "cases"):
            if kind in meta:
                meta[kind] = {name: about for name, about in meta[kind].items() if not any(part in name for part in UNUSED)}
        arrays: dict[str, Any] = {}
        for name, about in meta["tensors"].items():
            step = 1 if name.startswith("filterbank/") else further_stride(file[name].size, about["shape"])
            arrays[name] = file[name].reshape(-1)[::step]
            about["stride"] *= step
        for name, about in meta["inputs"].items():
            if f"in/{name}" in file and about["fn"] not in RULES:
                arrays[f"in/{name}"] = file[f"in/{name}"]
    np.savez_compressed(short, meta=json.dumps(meta, separators=(",", ":")), **arrays)


def main(golden: Path) -> None:
    for folder, models in MODELS.items():
        target = Path(__file__).parent / folder
        target.mkdir(exist_ok=True)
        for whole in sorted((golden / folder).glob("*.npz")):
            shorten(whole, target / whole.name)
        manifest = json.loads((golden / folder / "state_dict_manifest.json").read_text())
        manifest["modules"] = {name: about for name, about in manifest["modules"].items() if models is None or name in models}
        (target / "state_dict_manifest.json").write_text(json.dumps(manifest, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
