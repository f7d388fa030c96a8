"""Products in bfloat16 only where the processor has them: its answer is faked."""

import platform
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from jamflow.compute import bfloat16
from jamflow.compute.bfloat16 import multiplies_bfloat16
from jamflow.loading.model import assemble
from jamflow.voices import adaptation
from jamflow.voices.adaptation import Adaptation, adapted

CPU = torch.device("cpu")


def fake(monkeypatch: pytest.MonkeyPatch, machine: str, **answers: bool) -> None:
    """A processor that answers so; what is not asked about, this PyTorch does not know."""
    monkeypatch.setattr(platform, "machine", lambda: machine)
    cpu = SimpleNamespace(**{f"_is_{name}_supported": lambda answer=answer: answer for name, answer in answers.items()})
    monkeypatch.setattr(bfloat16.torch, "cpu", cpu)


@pytest.mark.parametrize("machine", ["x86_64", "AMD64"])
@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"avx512_bf16": False, "amx_tile": False}, False),  # AVX-512 without bfloat16: oneDNN would emulate it
        ({"avx512_bf16": True, "amx_tile": False}, True),
        ({"avx512_bf16": False, "amx_tile": True}, True),
        ({"avx512_bf16": True}, True),
        ({}, False),
    ],
)
def test_an_x86_processor_is_asked(
    monkeypatch: pytest.MonkeyPatch, machine: str, answers: dict[str, bool], expected: bool
) -> None:
    fake(monkeypatch, machine, **answers)
    assert multiplies_bfloat16(CPU) is expected


def test_of_others_onednn_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, "aarch64")
    for there, has in ((True, True), (True, False), (False, True)):
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda there=there: there)
        monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda has=has: has)
        assert multiplies_bfloat16(CPU) is (there and has)


def test_a_gpu_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, "x86_64")
    assert multiplies_bfloat16(torch.device("cuda"))


@pytest.mark.parametrize("has", [False, True])
def test_a_voice_is_learnt_in_what_the_processor_multiplies(monkeypatch: pytest.MonkeyPatch, has: bool) -> None:
    kinds = []
    plain = adaptation._loss

    def watched(*arguments):
        kinds.append(torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32)
        return plain(*arguments)

    monkeypatch.setattr(adaptation, "_loss", watched)
    monkeypatch.setattr(adaptation, "multiplies_bfloat16", lambda device: has)
    parts = assemble("mini", CPU)
    mel_fm = torch.from_numpy(np.random.default_rng(0).normal(-4, 2, (120, 100)).astype(np.float32))
    adapted(parts.joint, parts.normaliser, mel_fm, Adaptation(steps=1, row_s=1.0))
    assert kinds == [torch.bfloat16 if has else torch.float32]
