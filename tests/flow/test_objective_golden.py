"""Our objective and model give F5-TTS's training loss and its gradients from the same draws."""

import numpy as np
import pytest
import torch

from golden import Golden, audio_config
from jamflow.flow.objective import flow_loss, on_path
from jamflow.model.config import JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.streams import AudioInput

CASES = [
    "v1/no_drop",
    "v1/drop_audio",
    "v1/drop_both",
    "v0/no_drop",
    "v0/drop_both",
    "v1_attnmask/no_drop",
    "v1_attnmask/drop_both",
]


def spans(golden: Golden) -> torch.Tensor:
    """(B, T) bool: what is generated, from the stored draws."""
    lens, share, place = (golden.input(name) for name in ("lens", "frac_lengths", "span_rand"))
    size = (share * lens).long()
    start = ((lens - size) * place).long()
    frame = torch.arange(int(lens.max()))[None]
    return (frame >= start[:, None]) & (frame < (start + size)[:, None])


def test_spans() -> None:
    golden = Golden("f5tts", "cfm_loss.npz")
    assert torch.equal(spans(golden), torch.from_numpy(golden.array("span_mask")).bool())


@pytest.mark.parametrize("case", CASES)
def test_loss_and_gradients(case: str) -> None:
    golden = Golden("f5tts", "cfm_loss.npz")
    about = golden.meta["cases"][case]
    model = JointModel(JointConfig(audio=audio_config(about["config"]), motion=MotionConfig(dim=16)))
    golden.fill(model.audio, about["weights"], "transformer.")
    mel, noise, time, lens = (golden.input(name) for name in ("mel", "x0", "time", "lens"))
    generated = spans(golden)
    context = mel * ~generated[..., None]
    if f"{case}/cond" in golden.meta["tensors"]:
        golden.check(f"{case}/cond", context, atol=0)
    rows = len(mel)
    velocity, _ = model(
        AudioInput(
            on_path(noise, mel, time),
            context,
            time,
            golden.input("text"),
            torch.full((rows,), about["drop_text"]),
            torch.full((rows,), about["drop_audio_cond"]),
            torch.arange(mel.shape[1])[None] < lens[:, None],
        ),
        None,
    )
    golden.check(f"{case}/pred", velocity, atol=2e-4)
    loss = flow_loss(velocity, noise, mel, generated)
    golden.check(f"{case}/loss", loss[None], atol=1e-4)
    loss.backward()
    gradients = {f"transformer.{name}": p.grad for name, p in model.audio.named_parameters() if p.grad is not None}
    assert set(gradients) == set(about["grad_keys"])
    norms = [float(gradients[key].double().norm()) for key in about["grad_keys"]]
    np.testing.assert_allclose(norms, golden.array(f"{case}/grad_norms"), atol=1e-4, rtol=1e-5)
    for key, gradient in gradients.items():
        if f"{case}/grad/{key}" in golden.meta["tensors"]:
            golden.check(f"{case}/grad/{key}", gradient, atol=2e-5)
