"""ODE solvers on a fixed grid, for several tensors together."""

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from torch import Tensor

State = tuple[Tensor, ...]
Velocity = Callable[[Tensor, State], State]  # flow time (scalar tensor), state -> velocity of every part
Method = Literal["euler", "midpoint"]


def integrate(velocity: Velocity, state: State, grid: Tensor, method: Method = "euler") -> State:
    """Solve dx/dt = velocity(t, x) from grid[0], where x is `state`, to grid[-1].

    Euler calls `velocity` once a step, midpoint twice. NFE is the number of calls.
    """
    for start, end in pairwise(grid):
        step = end - start
        slope = velocity(start, state)
        if method == "midpoint":
            halfway = tuple(x + v * (step / 2) for x, v in zip(state, slope, strict=True))
            slope = velocity(start + step / 2, halfway)
        state = tuple(x + v * step for x, v in zip(state, slope, strict=True))
    return state
