"""Whether a device multiplies in bfloat16 itself."""

import platform

import torch


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether products in bfloat16 take less time than in single precision.

    oneDNN offers them on every processor with AVX-512, but converts each number where there are no instructions for it.
    """
    if device.type != "cpu":
        return True
    if platform.machine() in ("x86_64", "AMD64"):
        questions = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, name, lambda: False)() for name in questions)  # private, so one may go
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
