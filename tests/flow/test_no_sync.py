"""Nothing in the solver's loop makes a GPU wait: no value is read back, nothing is copied or made from the host's numbers."""

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from jamflow.flow.schedule import time_grid
from jamflow.flow.solver import Method, integrate
from jamflow.model.config import AudioConfig, JointConfig, MotionConfig
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.sampling.conditions import Conditions, MotionCondition, Role, SpeechCondition
from jamflow.sampling.generate import Sampling, _Call

READ_BACK = ("_local_scalar_dense", "nonzero", "is_nonzero", "masked_select", "equal", "unique", "item")
FROM_HOST = ("lift_fresh", "scalar_tensor")
TO_DEVICE = ("_to_copy", "copy_", "to")


class NoSync(TorchDispatchMode):
    """Fails on what waits. On a CPU a copy between devices is told by the argument that names one."""

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        name = func.overloadpacket.__name__
        kwargs = kwargs or {}
        assert name not in READ_BACK and name not in FROM_HOST, f"{name} in the loop"
        assert not (name in TO_DEVICE and kwargs.get("device") is not None), f"{name} between devices in the loop"
        if name in ("index", "index_put_", "index_put"):  # a mask as an index counts its entries on the host
            kinds = [x.dtype for x in tree_leaves(args[1]) if isinstance(x, torch.Tensor)]
            assert torch.bool not in kinds, f"{name} by a mask in the loop"
        return func(*args, **kwargs)


@pytest.fixture(scope="module")
def model() -> JointModel:
    config = JointConfig(
        audio=AudioConfig(
            channels=6, dim=32, depth=2, heads=2, head_dim=16, text_vocab=9, text_dim=16, text_layers=1, attn_mask_enabled=True
        ),
        motion=MotionConfig(mouth_channels=6, clue_channels=4, dim=16),
    )
    return JointModel(config).eval().requires_grad_(False)


@pytest.mark.parametrize("method", ["euler", "midpoint"])
@pytest.mark.parametrize(
    ("speech", "motion"), [("generated", "generated"), ("generated", "absent"), ("given", "generated"), ("generated", "given")]
)
@torch.inference_mode()
def test_the_loop_never_waits(model: JointModel, speech: Role, motion: Role, method: Method) -> None:
    mel, mouth, text = torch.randn(90, 6), torch.randn(24, 6), torch.randint(0, 9, (40,))
    moving = MotionCondition(motion, mouth, None, torch.randn(24, 4))
    conditions = Conditions(90, SpeechCondition(speech, mel, None, text), moving)
    call = _Call(model, Normaliser(6, 6, 4), conditions, Sampling(), torch.Generator())
    grid = time_grid(3)
    with NoSync():
        integrate(call.velocity, call.noise, grid, method)


@pytest.mark.parametrize(
    "wait", [lambda x: float(x[0]), lambda x: x[x > 0], lambda x: x + torch.tensor([1.0]), lambda x: bool((x > 0).any())]
)
def test_the_check_sees_what_waits(wait: Any) -> None:
    with NoSync(), pytest.raises(AssertionError, match="in the loop"):
        wait(torch.ones(3))
