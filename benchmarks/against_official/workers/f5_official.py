"""One evaluation of the `f5-tts` package's network, as its sampler does it."""

from argparse import Namespace

import protocol
import torch
from official_packages import prepare_imports
from safetensors.torch import load_file

# src/f5_tts/configs/F5TTS_v1_Base.yaml
ARCHITECTURE = {
    "dim": 1024,
    "depth": 22,
    "heads": 16,
    "ff_mult": 2,
    "text_dim": 512,
    "text_mask_padding": True,
    "qk_norm": None,
    "conv_layers": 4,
    "pe_attn_head": None,
    "attn_backend": "torch",
    "attn_mask_enabled": False,
}


def prepare(options: Namespace) -> protocol.Run:
    prepare_imports()
    from f5_tts.model.backbones.dit import DiT

    kind = getattr(torch, options.case)
    network = DiT(**ARCHITECTURE, mel_dim=100, text_num_embeds=2545)
    state = load_file(options.job / "model.safetensors")
    network.load_state_dict({key.removeprefix("ema_model.transformer."): x for key, x in state.items()})
    network.eval().to(kind)
    inputs = torch.load(options.job / "inputs.pt")
    x, cond, time = inputs["x"].to(kind), inputs["cond"].to(kind), torch.tensor(0.3, dtype=kind)

    def run() -> dict[str, torch.Tensor]:
        return {"velocity": network(x=x, cond=cond, text=inputs["text"], time=time, cfg_infer=True, cache=True)}

    return run


if __name__ == "__main__":
    protocol.serve(protocol.parser().parse_args(), prepare)
