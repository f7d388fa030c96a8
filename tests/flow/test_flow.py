"""Schedules against the official grids, solvers against an equation with a known solution, the objective."""

import math

import pytest
import torch

from golden import Golden
from jamflow.flow.objective import flow_loss, on_path, random_span
from jamflow.flow.schedule import time_grid
from jamflow.flow.solver import integrate


def test_official_time_grids() -> None:
    golden = Golden("f5tts", "cfm_sample.npz")
    names = [name for name in golden.meta["tensors"] if name.startswith("grid/")]
    assert len(names) > 50
    for name in names:
        steps, sway, table = name.removeprefix("grid/steps").split("_")
        grid = time_grid(int(steps), None if sway == "none" else float(sway), epss=table == "epss")
        golden.check(name, grid, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 5, 6, 7, 10, 12, 16, 24, 32])
@pytest.mark.parametrize("sway", [None, -1.0, 0.4])
def test_grid_goes_from_noise_to_data(steps: int, sway: float | None) -> None:
    grid = time_grid(steps, sway)
    assert len(grid) == steps + 1
    assert float(grid[0]) == 0 and math.isclose(float(grid[-1]), 1, abs_tol=1e-6)
    assert (grid.diff() > 0).all()


def test_sway_spends_more_steps_near_noise_and_the_pruned_table_too() -> None:
    even = time_grid(16, None, epss=False)
    torch.testing.assert_close(even, torch.linspace(0, 1, 17))
    for grid in (time_grid(16, -1.0, epss=False), time_grid(16, None)):
        assert (grid[1:-1] < even[1:-1]).all()
    assert (time_grid(16, 0.4, epss=False)[1:-1] > even[1:-1]).all()


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("midpoint", 2)])
def test_solver_converges_with_its_order(method: str, order: int) -> None:
    """dx/dt = cos(t) x has x(1) = exp(sin 1)."""

    def error(steps: int) -> float:
        start = (torch.ones(3, dtype=torch.float64),)
        grid = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
        (end,) = integrate(lambda t, s: (torch.cos(t) * s[0],), start, grid, method)
        return float((end - math.exp(math.sin(1))).abs().max())

    assert error(20) / error(40) == pytest.approx(2**order, rel=0.15)


def test_parts_of_the_state_move_together() -> None:
    """A rotation couples two parts; each step must use both old values."""
    state = (torch.tensor([1.0]), torch.tensor([0.0]))
    grid = torch.linspace(0, math.pi / 2, 2001)
    x, y = integrate(lambda t, s: (-s[1], s[0]), state, grid, "midpoint")
    assert x.item() == pytest.approx(0, abs=1e-3) and y.item() == pytest.approx(1, abs=1e-3)


def test_true_velocity_has_no_loss_and_hidden_frames_do_not_count() -> None:
    noise, data = torch.randn(2, 2, 5, 3)
    generated = torch.tensor([[True] * 5, [True, False, False, False, False]])
    velocity = data - noise
    assert flow_loss(velocity, noise, data, generated).item() == 0
    velocity[1, 1:] = 100
    assert flow_loss(velocity, noise, data, generated).item() == 0
    velocity[1, 0] += 2
    assert flow_loss(velocity, noise, data, generated).item() == pytest.approx(4 / 6)
    assert flow_loss(velocity, noise, data, torch.zeros(2, 5, dtype=torch.bool)).item() == 0


def test_path_ends() -> None:
    noise, data = torch.randn(2, 2, 5, 3)
    torch.testing.assert_close(on_path(noise, data, torch.tensor([0.0, 1.0])), torch.stack([noise[0], data[1]]))


def test_a_span_has_any_length_and_place_that_was_asked_for() -> None:
    generator = torch.Generator().manual_seed(0)
    spans = [random_span(1000, 0.3, 0.8, generator) for _ in range(500)]
    sizes = [end - start for start, end in spans]
    assert 300 <= min(sizes) < 320 and 780 < max(sizes) <= 800
    assert all(0 <= start < end <= 1000 for start, end in spans)
    assert min(start for start, _ in spans) < 10 and max(end for _, end in spans) > 990
    middle = sum(start + end for start, end in spans) / len(spans) / 2
    assert middle == pytest.approx(500, abs=25)
