"""Recomputes the values in `f5tts/` with the official packages, and fails where one differs. README.md says how to run it."""

import json
from typing import Any
from unittest import mock

import torch
from f5_tts.infer.utils_infer import chunk_text
from f5_tts.model.backbones.dit import DiT
from f5_tts.model.cfm import CFM
from f5_tts.model.modules import MelSpec
from f5_tts.model.utils import convert_char_to_pinyin
from torch import nn
from vocos.feature_extractors import MelSpectrogramFeatures
from vocos.heads import ISTFTHead
from vocos.models import VocosBackbone
from vocos.pretrained import Vocos

from golden import Golden, reference_file


def cfm(golden: Golden, about: dict[str, Any]) -> CFM:
    model = CFM(DiT(**about["config"]), odeint_kwargs={"method": about.get("method", "euler")}).eval()
    fill(golden, model, about["weights"])
    return model


def fill(golden: Golden, module: nn.Module, weights: str) -> None:
    """Weights by the rule; windows and filters stay as the module makes them."""
    shapes = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    values = golden.fill_rule.fill_state_dict(weights, shapes)
    missing, unexpected = module.load_state_dict({k: torch.from_numpy(v) for k, v in values.items()}, strict=False)
    assert not unexpected and all(key.endswith(golden.fill_rule.CONSTANTS) for key in missing)


@torch.inference_mode()
def velocity(golden: Golden, case: str, about: dict[str, Any]) -> None:
    inputs = {name: golden.input(source) for name, source in about["inputs"].items() if source}
    lens, x = inputs.pop("lens", None), inputs["x"]
    mask = None if lens is None else torch.arange(x.shape[1])[None] < lens[:, None]
    time = inputs.pop("time")
    out = cfm(golden, about).transformer(**inputs, time=time[0] if len(x) == 1 else time, mask=mask, **about["flags"])
    golden.check(f"{case}/out", out, atol=2e-4)


def sample(golden: Golden, case: str, about: dict[str, Any]) -> None:
    if case == "seed_noise":
        rows = torch.zeros(len(about["duration"]), max(about["duration"]), 100)
        for row, length in zip(rows, about["duration"], strict=True):
            torch.manual_seed(about["seed"])
            row[:length] = torch.randn(length, 100)
        golden.check("seed_noise/y0", rows, atol=0)
        return
    cond, text, noise = (golden.input(about["inputs"][name]) for name in ("cond", "text", "noise"))
    arguments = {k: torch.tensor(v) if k in ("lens", "edit_mask") else v for k, v in about["args"].items()}
    duration = about["duration"]
    rows = iter(noise)  # official code draws the noise of each row apart
    with mock.patch("f5_tts.model.cfm.torch.randn", lambda length, *_, **__: next(rows)[:length]):
        out, path = cfm(golden, about).sample(
            cond, text, duration if isinstance(duration, int) else torch.tensor(duration), **arguments
        )
    golden.check(f"{case}/out", out, atol=5e-4)
    if f"{case}/trajectory" in golden.meta["tensors"]:
        golden.check(f"{case}/trajectory", path, atol=5e-4)


def loss(golden: Golden, case: str, about: dict[str, Any]) -> None:
    model = cfm(golden, about)
    torch.manual_seed(about["torch_seed"])
    with mock.patch("f5_tts.model.cfm.random", mock.Mock(side_effect=about["python_random"])):
        value, _, pred = model(golden.input("mel"), golden.input("text"), lens=golden.input("lens"))
    golden.check(f"{case}/loss", value[None], atol=1e-4)
    golden.check(f"{case}/pred", pred, atol=2e-4)
    value.backward()
    gradients = dict(model.named_parameters())
    norms = [float(gradients[key].grad.double().norm()) for key in about["grad_keys"]]
    golden.check(f"{case}/grad_norms", torch.tensor(norms, dtype=torch.float64), atol=1e-4)


def mel(golden: Golden) -> None:
    for name in golden.meta["tensors"]:
        kind, _, wave = name.partition("/")
        if kind == "vocos":
            x = torch.zeros(1, 2048) if wave == "silence" else golden.input(wave)
            golden.check(name, MelSpec()(x if x.dim() == 2 else x[None]), atol=2e-4)


@torch.inference_mode()
def vocos(golden: Golden) -> None:
    for case, about in golden.meta["cases"].items():
        if case.startswith("istft/"):
            head = ISTFTHead(8, about["n_fft"], about["hop_length"], about["padding"])
            spectrum = torch.complex(golden.input("istft/real"), golden.input("istft/imag"))
            golden.check(case, head.istft(spectrum), atol=1e-6)
        elif case == "head_loud":
            head = nn.ModuleDict({"head": ISTFTHead(**about["config"]["head"])})
            fill(golden, head, about["weights"])
            golden.check("head_loud/wave", head["head"](golden.input("head_loud/x")), atol=1e-4)
        elif case == "copy":
            model = Vocos(MelSpectrogramFeatures(), VocosBackbone(100, 512, 1536, 8), ISTFTHead(512, 1024, 256, "center"))
            fill(golden, model.eval(), about["weights"])
            golden.check("copy/wave_out", model(golden.input("copy/wave")[None]), atol=1e-4)
        else:
            model = Vocos(nn.Identity(), VocosBackbone(**about["config"]["backbone"]), ISTFTHead(**about["config"]["head"]))
            fill(golden, model.eval(), about["weights"])
            golden.check(f"{case}/wave", model.decode(golden.input(about["inputs"]["mel"])), atol=1e-5)


def text() -> None:
    stored = json.loads(reference_file("f5tts", "text.json").read_text())
    for about in stored["pinyin"]:
        assert convert_char_to_pinyin([about["text"]]) == [about["tokens"]], about
    for about in stored["chunk_text"]:
        assert chunk_text(about["text"], about["max_chars"]) == about["chunks"], about


def main() -> None:
    for name, check in {"dit_tiny": velocity, "dit_base": velocity, "cfm_sample": sample, "cfm_loss": loss}.items():
        golden = Golden("f5tts", f"{name}.npz")
        for case, about in golden.meta["cases"].items():
            check(golden, case, about)
        print(f"{name}: {len(golden.meta['cases'])} cases agree")
    mel(Golden("f5tts", "mel.npz"))
    vocos(Golden("f5tts", "vocos.npz"))
    text()
    print("mel, vocos and text agree")


if __name__ == "__main__":
    main()
