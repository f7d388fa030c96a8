"""FlexAttention from the predicate: what a GPU uses where streams meet. Blocks in which nothing is seen cost nothing.

On a CPU it runs without being compiled: slow, for tests.
"""

from functools import cache
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from jamflow.model.view import View


def block_mask(view: View) -> BlockMask:
    """Built once a call; audio keys first."""
    keep_bk = view.keep_bk
    rows = 1 if keep_bk is None else len(keep_bk)

    def seen(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        allowed = view.allowed(query, key)
        if keep_bk is None:
            return allowed
        row = batch if rows > 1 else torch.zeros_like(batch)  # one row of keys serves all queries
        return allowed & keep_bk[row, key] | view.is_itself(query, key)

    return create_block_mask(seen, rows, None, view.queries, view.keys, device=str(view.axis.device))


# A graph of its own, not part of the model's: inside the latter TorchDynamo 2.13 gives other numbers (docs/decisions.md).
@torch.compiler.disable(recursive=False)
def blocked_attention(q: Tensor, k: Tensor, v: Tensor, mask: BlockMask) -> Tensor:
    """q: (B, H, Q, D); k, v: (B, H, K, D)."""
    attend = flex_attention if q.device.type == "cpu" else _compiled()
    return cast(Tensor, attend(q, k, v, block_mask=mask))


@cache
def _compiled() -> Any:
    return torch.compile(flex_attention)
