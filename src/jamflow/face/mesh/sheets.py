"""Makes patches of skin whose motion ignores the control points on the other side of a cut."""

from dataclasses import dataclass

import numpy as np

from jamflow.face import topology as topo
from jamflow.face.mesh.contour import Contour, build_contour
from jamflow.face.mesh.geometry import HeadGeometry
from jamflow.face.mesh.rig import Rig
from jamflow.face.mesh.thin_plate import thin_plate_matrix
from jamflow.face.mesh.warp import Patch, build_patch, grid_points

UPPER_LIP = topo.UPPER_LIP_OUTER[1:-1] + topo.UPPER_LIP_MIDDLE[1:-1] + topo.UPPER_LIP_INNER[1:-1]
LOWER_LIP = topo.LOWER_LIP_OUTER[1:-1] + topo.LOWER_LIP_MIDDLE[1:-1] + topo.LOWER_LIP_INNER[1:-1]
UPPER_LIDS = topo.RIGHT_UPPER_LID[1:-1] + topo.LEFT_UPPER_LID[1:-1] + topo.RIGHT_CREASE + topo.LEFT_CREASE
LOWER_LIDS = topo.RIGHT_LOWER_LID[1:-1] + topo.LEFT_LOWER_LID[1:-1]
# Half the width, in pixels of a frame of 512, over which the coarse patch changes from one side of a cut to the other.
_BLEND_PX = 6


@dataclass(frozen=True)
class SheetMaker:
    """Makes the patches of all sheets of a face.

    Attributes:
        rig: the control points.
        rest_c3: displacement of the control points from the portrait to the neutral face.
        unsmiling_c3, puckering_c3: displacement of the control points that takes the smile off, and that makes the lips fuller.
        geometry: the head in the frame.
    """

    rig: Rig
    rest_c3: np.ndarray
    unsmiling_c3: np.ndarray
    puckering_c3: np.ndarray
    geometry: HeadGeometry

    def spread(self, left_out: tuple[int, ...], points_n2: np.ndarray) -> np.ndarray:
        """(N, C) interpolation matrix from the control points, without the vertices left out."""
        keep = self.rig.without(left_out)
        matrix = np.zeros((len(points_n2), len(self.rig.vertices_c)), np.float32)
        matrix[:, keep] = thin_plate_matrix(self.rig.points_c3[keep, :2], points_n2)
        return matrix

    def patch(
        self,
        origin_2: np.ndarray,
        step_px: float,
        shape_hw: tuple[int, int],
        spread_nc: np.ndarray,
        blink_n: np.ndarray | None = None,
    ) -> Patch:
        """A patch on a grid.

        Args:
            origin_2, step_px, shape_hw: the grid.
            spread_nc: interpolation matrix from the control points to the grid points.
            blink_n: weight of a blink at each point; None is no blink.
        """
        closing = None
        if blink_n is not None:
            closing = np.stack([blink_n[:, None] * (spread_nc @ eye) for eye in self.rig.closing_ec3])
        return build_patch(
            self.geometry,
            origin_2,
            step_px,
            shape_hw,
            rest_n3=spread_nc @ self.rest_c3,
            weights_nk=spread_nc @ self.rig.weights_ck,
            rounding_n2=spread_nc @ self.rig.rounding_c2,
            unsmiling_n3=spread_nc @ self.unsmiling_c3,
            puckering_n3=spread_nc @ self.puckering_c3,
            closing_en3=closing,
        )

    def whole(self, mesh_v3: np.ndarray, lip_line: Contour) -> Patch:
        """The patch of the whole head, at low resolution; at the cuts it follows the nearer sheet."""
        width, height = self.geometry.size_wh
        step, blend_px = self.geometry.coarse_px, _BLEND_PX * self.geometry.unit
        shape = (-(-height // step), -(-width // step))
        # Pixel centres of the coarse cells, so that cv2.resize brings the map to full size without a shift.
        origin = np.full(2, (step - 1) / 2)
        points = grid_points(origin, step, shape)
        moves = self.geometry.expression_share(points) > 0
        inside = points[moves]
        eye_line = build_contour(mesh_v3[[33, 133, 362, 263], :2], mesh_v3[[33, 263], :2])
        under_eyes = np.clip(0.5 + eye_line.below(inside) / blend_px, 0, 1)[:, None]
        under_lips = np.clip(0.5 + lip_line.below(inside) / blend_px, 0, 1)[:, None]
        forehead = self.spread(LOWER_LIDS + LOWER_LIP, inside)
        midface = self.spread(UPPER_LIDS + LOWER_LIP, inside)
        chin = self.spread(UPPER_LIDS + UPPER_LIP, inside)
        spread = np.zeros((len(points), forehead.shape[1]), np.float32)
        spread[moves] = forehead * (1 - under_eyes) + midface * (under_eyes - under_lips) + chin * under_lips
        return self.patch(origin, step, shape, spread)
