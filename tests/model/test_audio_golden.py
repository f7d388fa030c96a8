"""The audio stream alone is F5-TTS's DiT: same keys, same numbers."""

import pytest
import torch

from golden import Golden, audio_config
from jamflow.model.config import JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.streams import AudioInput

CASES = [
    f"{variant}/{call}"
    for variant in ("v0", "v1")
    for call in (
        "b1",
        "b1_drop_audio",
        "b1_drop_text",
        "b1_drop_both",
        "b1_long_text",
        "b1_small",
        "b3",
        "b3_drop_both",
        "b3_nomask",
        "b1_cfg",
        "b3_cfg",
    )
] + [
    f"{variant}/{call}"
    for variant in ("v1_attnmask", "v0_qknorm", "v1_qknorm", "v1_avgup", "v1_longskip")
    for call in ("b1", "b1_drop_text", "b3", "b3_cfg")
]
# At the official width; the last two fill all 337 million weights.
BASE = ["v0_depth2/b1", "v0_depth2/b2", "v1_depth2/b1", "v1_depth2/b1_drop_both", "v1_depth2/b2", "v1_depth2/b2_cfg"]
DEEP = ["v1_depth22/b1", "v1_depth22/b2_cfg"]


@pytest.mark.parametrize("case", CASES)
def test_velocity_is_the_official_one(case: str) -> None:
    check("dit_tiny.npz", case)


@pytest.mark.parametrize("case", [*BASE, *(pytest.param(case, marks=pytest.mark.full) for case in DEEP)])
def test_velocity_at_the_official_width(case: str) -> None:
    check("dit_base.npz", case)


@torch.inference_mode()
def check(file: str, case: str) -> None:
    golden = Golden("f5tts", file)
    about = golden.meta["cases"][case]
    flags, names = about["flags"], about["inputs"]
    config = JointConfig(audio=audio_config(about["config"]), motion=MotionConfig(dim=16))
    model = JointModel(config).eval()
    golden.fill(model.audio, about["weights"], "transformer.")
    x = golden.input(names["x"])
    rows = len(x)
    valid = None
    if names["lens"]:
        valid = torch.arange(x.shape[1])[None] < golden.input(names["lens"])[:, None]

    def velocity(drop_audio: bool, drop_text: bool) -> torch.Tensor:
        inputs = AudioInput(
            x,
            golden.input(names["cond"]),
            golden.input(names["time"]).expand(rows),
            golden.input(names["text"]),
            torch.full((rows,), drop_text),
            torch.full((rows,), drop_audio),
            valid,
        )
        out, motion = model(inputs, None)
        assert motion is None
        return out

    if flags.get("cfg_infer"):
        out = torch.cat([velocity(False, False), velocity(True, True)])
    else:
        out = velocity(flags.get("drop_audio_cond", False), flags.get("drop_text", False))
    golden.check(f"{case}/out", out, atol=2e-4)
