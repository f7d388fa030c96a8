"""FlexAttention from the predicate, for joint attention in a compiled model. Blocks of the mask that are empty cost nothing."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from jamflow.compute.compiling import compiled
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


def flex_attention_of(mask: BlockMask) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Attention (B, H, Q, D), (B, H, K, D), (B, H, K, D) -> (B, H, Q, D) that sees what `mask` shows, compiled.

    A graph of its own, not part of another: there TorchDynamo 2.13 gives other numbers (docs/decisions.md).
    """
    attend = compiled(flex_attention)
    return lambda q, k, v: cast(Tensor, attend(q, k, v, block_mask=mask))
