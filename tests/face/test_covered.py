"""Hands, microphones and masks in front of a mouth, drawn by the tests on the portrait of the package."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from covers import BLACK, WHITE, with_hand, with_mask, with_microphone
from jamflow.errors import UserError
from jamflow.face.covered import MouthLook, covered, mouth_look
from jamflow.face.select import select_face
from jamflow.face.tracker import Face, FaceTracker

COVERS = {
    "hand": with_hand,
    "microphone": with_microphone,
    "blue mask": with_mask,
    "white mask": lambda rgb, face: with_mask(rgb, face, WHITE),
    "black mask": lambda rgb, face: with_mask(rgb, face, BLACK),
}
LIPS = (0.25, 0.15)
VERTICES = 20


@pytest.mark.parametrize("cover", COVERS)
def test_a_covered_portrait_is_refused(portrait: np.ndarray, face: Face, tracker: FaceTracker, cover: str) -> None:
    with pytest.raises(UserError, match="No lips are seen in the picture: a hand, a microphone or a mask"):
        select_face(COVERS[cover](portrait, face), tracker)


@pytest.mark.parametrize(
    "change",
    [
        lambda rgb: rgb[:, ::-1],
        lambda rgb: np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2),
        lambda rgb: (0.35 * rgb).astype(np.uint8),
        lambda rgb: (255 * (rgb / 255) ** 0.5).astype(np.uint8),  # teeth and skin are almost white
        lambda rgb: cv2.resize(rgb[:320, 64:384], (256, 256), interpolation=cv2.INTER_AREA),
        lambda rgb: cv2.resize(rgb[:300, 74:374], (1400, 1400), interpolation=cv2.INTER_CUBIC),
    ],
    ids=["mirrored", "grey", "dark", "bright", "small", "large"],
)
def test_a_mouth_that_is_seen_is_not_refused(portrait: np.ndarray, tracker: FaceTracker, change: Callable) -> None:
    """With a hand under the chin, too."""
    rgb = np.ascontiguousarray(change(portrait))
    face, *_ = select_face(rgb, tracker)
    near = with_hand(rgb, face, away=0.42)
    assert (near != rgb).any() and select_face(near, tracker)[0].height_px == pytest.approx(face.height_px, rel=0.1)


def test_what_is_measured_does_not_depend_on_size_and_light(portrait: np.ndarray, face: Face) -> None:
    """Nor on where the face is in the picture, at its edge too."""
    plain = mouth_look(portrait, face)
    large = cv2.resize(portrait, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    left = int(face.mesh_v3[:, 0].min()) - 2
    for rgb, landmarks in (
        (large, 3 * face.landmarks_l3),
        ((0.6 * portrait).astype(np.uint8), face.landmarks_l3),
        (portrait[:, left:], face.landmarks_l3 - [left, 0, 0]),
    ):
        look = mouth_look(rgb, Face(landmarks, 1.0))
        assert look.lines == pytest.approx(plain.lines, abs=0.03) and look.red == pytest.approx(plain.red, abs=0.03)
        assert np.abs(look.colours_v3 - plain.colours_v3).mean() < 0.05


@pytest.mark.parametrize(("lines", "red"), [(0.0, 0.3), (0.5, -0.2)])
def test_lips_are_lines_and_not_less_red_than_skin(lines: float, red: float) -> None:
    assert look(0.0, lines, red).lipless() and not look(0.0, *LIPS).lipless()
    assert look(0.0, lines, red).lipless(of_skin=False) == (lines == 0), "a dog's nose is black"


def look(changed: float, lines: float = LIPS[0], red: float = LIPS[1]) -> MouthLook:
    """A mouth with another colour at that share of its vertices."""
    colours = np.zeros((VERTICES, 3), np.float16)
    colours[: round(changed * VERTICES), 1] = 0.6
    return MouthLook(lines, red, colours)


def judged(letters: str, yaw: float = 0.0) -> str:
    """A frame a letter: . lips, X none, C other colours, L some, c a few, f some and faint lips, - no face. # is covered."""
    kinds = {".": look(0.0), "X": look(0.0, 0.0), "C": look(0.9), "L": look(0.7), "c": look(0.3), "f": look(0.5, 0.11), "-": None}
    hidden = covered([kinds[letter] for letter in letters], np.full(len(letters), yaw))
    return "".join("#" if is_hidden else "." for is_hidden in hidden)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ("....................", "...................."),
        (".......XXX..........", ".....#######........"),  # and what is next to it
        (".......CCC..........", ".....#######........"),
        ("........XX..........", "...................."),  # too short to be something
        (".....ccCCCcc........", "...###########......"),  # it comes and goes
        (".......ccc..........", "...................."),  # a wide open mouth
        (".......LLLLL........", "...................."),
        (".......fff..........", ".....#######........"),
        (".....XXX....XXX.....", "...##############..."),  # between fingers
        (".....XXX.......XXX..", "...#######...#######"),
        (".......XXX-XX-......", ".....#####.#........"),
        ("XXXXXXXXXXXXXXXXX...", "###################."),  # most of the time
        ("CCCCCCCCCCCCCCCCCCCC", "...................."),  # who knows what is usual
        ("--------------------", "...................."),
    ],
)
def test_when_a_mouth_is_covered(seen: str, expected: str) -> None:
    assert judged(seen) == expected


def test_what_is_usual_is_what_frames_with_lips_show() -> None:
    """A mask for most of a shot: the colours of the rest are no change."""
    masked, free = MouthLook(0.0, -0.3, look(1.0).colours_v3), look(0.0)
    hidden = covered([masked] * 14 + [free] * 10, np.zeros(24))
    assert hidden.tolist() == [True] * 16 + [False] * 8
    missed = MouthLook(0.3, 0.1, masked.colours_v3)  # few frames of a mask seem to have lips
    assert covered([masked] * 20 + [missed] * 2 + [masked] * 20, np.zeros(42)).all()


def test_a_mouth_that_is_turned_away_is_not_judged() -> None:
    assert judged("....XXXXXX....", 39) == "..##########.." and judged("....XXXXXX....", -41) == "." * 14
