"""The `vocos` package's network."""

from argparse import Namespace

import protocol
import torch
from official_packages import prepare_imports


def prepare(options: Namespace) -> protocol.Run:
    prepare_imports()
    from vocos.heads import ISTFTHead
    from vocos.models import VocosBackbone

    # config.yaml of charactr/vocos-mel-24khz
    backbone = VocosBackbone(input_channels=100, dim=512, intermediate_dim=1536, num_layers=8)
    head = ISTFTHead(dim=512, n_fft=1024, hop_length=256, padding="center")
    state = torch.load(options.job / "pytorch_model.bin")
    network = torch.nn.ModuleDict({"backbone": backbone, "head": head})
    missing, unexpected = network.load_state_dict(state, strict=False)
    assert missing == ["head.istft.window"] and not unexpected
    network.eval()
    mel_bmt = torch.load(options.job / "inputs.pt")["mel"].transpose(1, 2)
    return lambda: {"wave": head(backbone(mel_bmt))}


if __name__ == "__main__":
    protocol.serve(protocol.parser().parse_args(), prepare)
