"""Smooth interpolation from scattered points to other points, as a matrix.

A thin-plate spline bends least of all surfaces through the given values, so motion spreads over skin without facets. It is linear
in the values, so the points alone give the matrix.

Shapes: C control points, N points to interpolate at.
"""

import numpy as np

# Relative to the kernel's scale; keeps the system regular when control points nearly coincide.
_SMOOTHING = 1e-5


def thin_plate_matrix(controls_c2: np.ndarray, points_n2: np.ndarray) -> np.ndarray:
    """(N, C) float32 matrix that turns values at the control points into values at the points."""
    system, basis = _system_and_basis(controls_c2, points_n2)
    return basis @ np.linalg.inv(system)[:, : len(controls_c2)].astype(np.float32)


def thin_plate(controls_c2: np.ndarray, values_cd: np.ndarray, points_n2: np.ndarray) -> np.ndarray:
    """(N, D) float32: interpolates values that are needed once, without the matrix."""
    system, basis = _system_and_basis(controls_c2, points_n2)
    known = np.concatenate([values_cd, np.zeros((3, values_cd.shape[1]))])
    return basis @ np.linalg.solve(system, known).astype(np.float32)


def _system_and_basis(controls_c2: np.ndarray, points_n2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The linear system (C + 3, C + 3) for the weights, and the basis functions (N, C + 3) at the points."""
    centre = controls_c2.mean(0)
    scale = np.abs(controls_c2 - centre).max()
    controls = (controls_c2 - centre) / scale
    points = ((points_n2 - centre) / scale).astype(np.float32)
    count = len(controls)
    plane = np.c_[np.ones(count), controls]
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(controls, controls) + _SMOOTHING * np.eye(count)
    system[:count, count:] = plane
    system[count:, :count] = plane.T
    basis = np.c_[_kernel(points, controls.astype(np.float32)), np.ones(len(points), np.float32), points]
    return system, basis.astype(np.float32)


def _kernel(a_n2: np.ndarray, b_c2: np.ndarray) -> np.ndarray:
    squared = (a_n2**2).sum(1)[:, None] + (b_c2**2).sum(1) - 2 * a_n2 @ b_c2.T
    squared = np.maximum(squared, 1e-12)
    return squared * np.log(squared)
