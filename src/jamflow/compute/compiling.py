"""torch.compile, as JAM-Flow uses it: a graph for every set of sizes."""

from collections.abc import Callable
from typing import Any

import torch

Backend = str | Callable[..., Any]
# TorchDynamo counts graphs for each function and runs it uncompiled from a limit on, which is 8. Up to 8192 tokens there are 48
# buckets, and each has a graph for audio and one for motion: 96 for one model. A process may use several.
GRAPHS = 1024


def compiled(function: Callable[..., Any], backend: Backend = "inductor") -> Callable[..., Any]:
    """A function compiled anew for every set of sizes: with sizes left open, FlexAttention fails at the second one."""
    import torch._dynamo.config as dynamo  # only where something is compiled: it takes a second

    dynamo.recompile_limit = max(GRAPHS, dynamo.recompile_limit)
    dynamo.accumulated_recompile_limit = max(GRAPHS, dynamo.accumulated_recompile_limit)
    return torch.compile(function, dynamic=False, backend=backend)
