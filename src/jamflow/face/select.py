"""Chooses the face to animate in a portrait."""

import numpy as np

from jamflow.errors import UserError
from jamflow.face.canonical import load_canonical
from jamflow.face.covered import mouth_look
from jamflow.face.pose import HeadPose, fit_error_cm, fit_pose
from jamflow.face.tracker import Face, FaceTracker

MIN_HEIGHT_PX = 64
MAX_YAW_DEG = 30.0
# Measured fits: photographs, paintings and a statue within 0.45 cm, a dog 0.64 cm.
HUMAN_ERROR_CM = 0.55


def select_face(rgb: np.ndarray, tracker: FaceTracker, index: int | None = None) -> tuple[Face, list[Face], list[str]]:
    """The face to animate, the other faces, and warnings about the choice.

    Args:
        rgb: (H, W, 3) uint8 picture.
        tracker: finds the faces.
        index: number of the face among several, from 1, left to right; None takes the largest.

    Raises:
        UserError: no face, face too small, turned away or with its mouth covered, or no face of that number.
    """
    faces = sorted(tracker.find(rgb), key=lambda face: face.mesh_v3[:, 0].mean())
    if not faces:
        raise UserError(
            "No human face was found in the picture.",
            "Use a photograph with one face seen from the front; animals and many drawings do not work.",
        )
    warnings = []
    if index is not None:
        if not 1 <= index <= len(faces):
            there = "is 1 face" if len(faces) == 1 else f"are {len(faces)} faces"
            raise UserError(
                f"There is no face number {index}: there {there} in the picture.",
                f"Choose a number from 1 to {len(faces)}, counted from left to right.",
            )
        chosen = index - 1
    else:
        chosen = max(range(len(faces)), key=lambda k: faces[k].height_px)
        if len(faces) > 1:
            warnings.append(f"There are {len(faces)} faces in the picture; took the largest, number {chosen + 1} from the left.")
    face = faces[chosen]
    canonical = load_canonical()
    pose = fit_pose(face, canonical)
    _check_usable(face, pose)
    human = fit_error_cm(face, pose, canonical) <= HUMAN_ERROR_CM
    if not human:
        warnings.append("The face hardly looks like a human one; the result may look odd.")
    if mouth_look(rgb, face).lipless(of_skin=human):
        raise UserError(
            "No lips are seen in the picture: a hand, a microphone or a mask seems to be in front of the mouth.",
            "Use a picture in which the whole mouth is seen.",
        )
    return face, [other for other in faces if other is not face and not _within(other, face)], warnings


def _within(other: Face, face: Face) -> bool:
    """Whether the middle of a face lies in another one: then the detector has found that one twice."""
    low, high = face.mesh_v3[:, :2].min(0), face.mesh_v3[:, :2].max(0)
    middle = other.mesh_v3[:, :2].mean(0)
    return bool((low < middle).all() and (middle < high).all())


def _check_usable(face: Face, pose: HeadPose) -> None:
    if face.height_px < MIN_HEIGHT_PX:
        raise UserError(
            f"The face is too small: {face.height_px:.0f} pixels high, at least {MIN_HEIGHT_PX} are needed.",
            "Use a larger picture or one taken from nearer.",
        )
    yaw = pose.angles_3[1]
    if abs(yaw) > MAX_YAW_DEG:
        raise UserError(
            f"The face is turned too far to the side ({abs(yaw):.0f} degrees, at most {MAX_YAW_DEG:.0f}).",
            "Use a portrait seen more from the front.",
        )
