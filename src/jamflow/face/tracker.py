"""Finds the 478 landmarks of a face in a picture, or frame by frame in a video.

Shapes: L landmarks (478: the 468 mesh vertices and two irises of five), 3 = x right, y down, z away from
the viewer, all in pixels of the picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from jamflow.face.detector import Detection, FaceDetector
from jamflow.face.network import Network

_INPUT_PX = 256
_BOX_SCALE = 1.5
_MARGIN_PX = 4  # of the network's input
_PRESENCE_MIN = 0.5
_RIGHT_EYE_CORNER, _LEFT_EYE_CORNER = 33, 263
_N_MESH = 468


@dataclass(frozen=True)
class Region:
    """A square around a face, turned so that the eyes are level."""

    centre_2: np.ndarray
    side_px: float
    angle_rad: float


@dataclass(frozen=True)
class Face:
    """A face with its landmarks.

    Attributes:
        landmarks_l3: (478, 3) float64 pixels; see the module docstring.
        presence: probability in [0, 1] that this is a face at all.
    """

    landmarks_l3: np.ndarray
    presence: float

    @property
    def mesh_v3(self) -> np.ndarray:
        """The 468 mesh vertices, without the irises."""
        return self.landmarks_l3[:_N_MESH]

    @property
    def height_px(self) -> float:
        """From the top of the forehead to the chin."""
        return float(np.linalg.norm(self.landmarks_l3[10, :2] - self.landmarks_l3[152, :2]))


class FaceTracker:
    """Landmark network and face detector. Stateless, so threads may share one."""

    def __init__(self):
        self._detector = FaceDetector()
        self._net = Network("face_landmarks_detector.tflite", ("Identity", "Identity_1"))

    def detect(self, rgb: np.ndarray) -> list[Detection]:
        """All faces in an (H, W, 3) uint8 RGB picture, largest first."""
        return self._detector.detect(rgb)

    def landmarks(self, rgb: np.ndarray, face: Detection | Face, passes: int = 2) -> Face:
        """Landmarks of one face. Each further pass crops by the landmarks of the pass before."""
        region = _region_of_detection(face) if isinstance(face, Detection) else _region_of_face(face)
        result = self._look(rgb, region)
        for _ in range(passes - 1):
            result = self._look(rgb, _region_of_face(result))
        return result

    def find(self, rgb: np.ndarray) -> list[Face]:
        """All faces in an (H, W, 3) uint8 RGB picture, largest first, without false detections."""
        faces = [self.landmarks(rgb, detection) for detection in self.detect(rgb)]
        return sorted((f for f in faces if f.presence > _PRESENCE_MIN), key=lambda f: -f.height_px)

    def follow(self, rgb: np.ndarray, previous: Face | None) -> Face | None:
        """The face of the previous frame in this one; if it was lost, the largest face."""
        if previous is not None and (face := self.hold(rgb, previous)) is not None:
            return face
        return next(iter(self.find(rgb)), None)

    def hold(self, rgb: np.ndarray, previous: Face) -> Face | None:
        """The face of the previous frame in this one, if it is still there."""
        face = self.landmarks(rgb, previous, passes=1)
        return face if face.presence > _PRESENCE_MIN else None

    def _look(self, rgb: np.ndarray, region: Region) -> Face:
        scale = region.side_px / _INPUT_PX
        turn, to_picture = _placed(region)
        crop = _crop(rgb, to_picture, scale)
        points, presence = self._net(crop.astype(np.float32) / 255)
        points = points.reshape(-1, 3).astype(np.float64)
        xy = points[:, :2] @ turn.T + to_picture[:, 2]
        logit = float(np.clip(presence.ravel()[0], -80, 80))
        return Face(np.c_[xy, points[:, 2] * scale], float(1 / (1 + np.exp(-logit))))


def face_crop(rgb: np.ndarray, face: Face) -> np.ndarray:
    """(256, 256, 3) uint8: a face as the landmark network sees it, upright and with half a face around it."""
    region = _region_of_face(face)
    return _crop(rgb, _placed(region)[1], region.side_px / _INPUT_PX)


def _placed(region: Region) -> tuple[np.ndarray, np.ndarray]:
    """From the network's input to the picture: (2, 2) turn and scale, and (2, 3) with the offset."""
    turn = region.side_px / _INPUT_PX * _rotation(region.angle_rad)
    return turn, np.c_[turn, region.centre_2 - turn @ [_INPUT_PX / 2, _INPUT_PX / 2]]


def _crop(rgb: np.ndarray, to_picture: np.ndarray, scale: float) -> np.ndarray:
    """Samples the region. A strong reduction samples a smaller picture of it first, to avoid aliasing."""
    if scale > 2:
        rgb, to_picture = _around(rgb, to_picture, round(_MARGIN_PX * scale))
        factor = 1 / scale
        size = (max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor)))
        ratio = np.array([size[0] / rgb.shape[1], size[1] / rgb.shape[0]])
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        to_picture = to_picture * ratio[:, None]
        to_picture[:, 2] += (ratio - 1) / 2
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(rgb, to_picture, (_INPUT_PX, _INPUT_PX), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _around(rgb: np.ndarray, to_picture: np.ndarray, margin_px: int) -> tuple[np.ndarray, np.ndarray]:
    """The part of the picture that a region lies in, and the region's matrix in it; all of it where the region is elsewhere."""
    corners = np.array([[0, 0, 1], [_INPUT_PX, 0, 1], [0, _INPUT_PX, 1], [_INPUT_PX, _INPUT_PX, 1]]) @ to_picture.T
    left, top = np.maximum(np.floor(corners.min(0)).astype(int) - margin_px, 0)
    right, bottom = np.ceil(corners.max(0)).astype(int) + margin_px
    part = rgb[top : max(bottom, 0), left : max(right, 0)]
    return (part, to_picture - [[0, 0, left], [0, 0, top]]) if part.size else (rgb, to_picture)


def _rotation(angle_rad: float) -> np.ndarray:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[cos, -sin], [sin, cos]])


def _region_of_detection(detection: Detection) -> Region:
    right_eye, left_eye = detection.points_62[:2]
    box = detection.box_xyxy
    across = left_eye - right_eye
    return Region((box[:2] + box[2:]) / 2, detection.size_px * _BOX_SCALE, float(np.arctan2(across[1], across[0])))


def _region_of_face(face: Face) -> Region:
    across = face.landmarks_l3[_LEFT_EYE_CORNER, :2] - face.landmarks_l3[_RIGHT_EYE_CORNER, :2]
    angle = float(np.arctan2(across[1], across[0]))
    turn = _rotation(angle)
    upright = face.mesh_v3[:, :2] @ turn
    low, high = upright.min(0), upright.max(0)
    return Region(turn @ ((low + high) / 2), float(max(high - low)) * _BOX_SCALE, angle)
