import cv2
import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.face.canonical import load_canonical
from jamflow.face.pose import angles_of, fit_pose, rotation_from_angles
from jamflow.face.select import select_face
from jamflow.face.topology import LOWER_LIP_OUTER, UPPER_LIP_OUTER
from jamflow.face.tracker import Face


def test_canonical_face_is_read_whole():
    canonical = load_canonical()
    assert canonical.vertices_v3.shape == (468, 3)
    assert canonical.triangles_f3.shape == (898, 3)
    assert canonical.triangles_f3.max() == 467
    np.testing.assert_allclose(canonical.vertices_v3[4], [0, -0.463, 7.587], atol=1e-3)
    assert (canonical.vertices_v3[canonical.rigid, 1] > -1.5).all()


def test_finds_the_one_face_where_it_is(tracker, portrait):
    faces = tracker.find(portrait)
    assert len(faces) == 1
    nose = faces[0].landmarks_l3[4, :2]
    np.testing.assert_allclose(nose, [224, 122], atol=5)


@pytest.mark.parametrize("seed", range(4))
def test_noise_has_no_face(tracker, seed):
    noise = np.random.default_rng(seed).integers(0, 256, (700, 500, 3), dtype=np.uint8)
    with pytest.raises(UserError, match="No human face") as error:
        select_face(noise, tracker)
    assert error.value.hint


def test_flat_picture_has_no_face(tracker):
    with pytest.raises(UserError, match="No human face"):
        select_face(np.full((64, 64, 3), 127, np.uint8), tracker)


def test_takes_the_largest_of_several_and_counts_from_the_left(tracker, portrait):
    half = portrait[::2, ::2]
    wide = np.zeros((512, 1024 + 256, 3), np.uint8)
    wide[:256, :256] = half
    wide[:, 256:768] = portrait
    wide[256:, 1024:] = half
    assert len(tracker.find(wide)) == 3
    face, others, warnings = select_face(wide, tracker)
    assert 256 < face.landmarks_l3[4, 0] < 768
    assert [other.landmarks_l3[4, 0] < 256 for other in others] == [True, False] and others[1].landmarks_l3[4, 0] > 1024
    assert len(warnings) == 1 and "number 2" in warnings[0]
    same, _, warnings = select_face(wide, tracker, index=2)
    np.testing.assert_array_equal(same.landmarks_l3, face.landmarks_l3)
    assert warnings == []
    with pytest.raises(UserError, match="no face number 4"):
        select_face(wide, tracker, index=4)
    with pytest.raises(UserError, match="no face number 0"):
        select_face(wide, tracker, index=0)
    with pytest.raises(UserError, match="too small"):
        select_face(wide, tracker, index=1)


def test_a_small_face_beside_a_large_one_is_counted(tracker, portrait):
    wide = np.full((512, 1200, 3), 90, np.uint8)
    wide[100:356, 30:286] = portrait[::2, ::2]
    wide[:, 600:1112] = portrait
    _, _, warnings = select_face(wide, tracker)
    assert len(warnings) == 1 and "There are 2 faces" in warnings[0] and "number 2" in warnings[0]


def test_small_face_in_a_large_picture_is_found(tracker, portrait):
    large = np.full((2048, 2048, 3), 90, np.uint8)
    large[1500:2012, 1400:1912] = portrait
    faces = tracker.find(large)
    assert len(faces) == 1
    np.testing.assert_allclose(faces[0].landmarks_l3[4, :2], [1400 + 224, 1500 + 124], atol=8)


def test_following_holds_the_face_and_finds_it_again(tracker, portrait):
    first = tracker.follow(portrait, None)
    moved = np.roll(portrait, 6, axis=1)
    second = tracker.follow(moved, first)
    shift = second.landmarks_l3[:, :2] - first.landmarks_l3[:, :2]
    np.testing.assert_allclose(np.median(shift, axis=0), [6, 0], atol=1.0)
    assert tracker.follow(np.zeros_like(portrait), second) is None


def test_angles_survive_the_way_there_and_back():
    for angles in ([10.0, -20.0, 5.0], [-3.0, 0.0, 30.0]):
        np.testing.assert_allclose(angles_of(rotation_from_angles(np.array(angles))), angles, atol=1e-9)


def test_pose_of_a_synthetic_head_is_recovered():
    canonical = load_canonical()
    rotation = rotation_from_angles(np.array([6.0, -12.0, 4.0]))
    image = 11.0 * canonical.vertices_v3 @ rotation.T * [1, -1, -1] + [250, 200, 0]
    landmarks = np.concatenate([image, np.zeros((10, 3))])
    pose = fit_pose(Face(landmarks, 1.0), canonical)
    np.testing.assert_allclose(pose.angles_3, [6, -12, 4], atol=1e-6)
    assert pose.scale_px == pytest.approx(11)
    np.testing.assert_allclose(pose.to_canonical(image), canonical.vertices_v3, atol=1e-6)
    np.testing.assert_allclose(pose.to_picture(canonical.vertices_v3), image, atol=1e-6)


class _Finds:
    """A tracker that finds the canonical face, turned and stretched."""

    def __init__(self, yaw_deg: float, stretch: float):
        rotation = rotation_from_angles(np.array([0.0, yaw_deg, 0.0]))
        vertices = load_canonical().vertices_v3 * [1, stretch, 1]
        image = 11.0 * vertices @ rotation.T * [1, -1, -1] + [250, 200, 0]
        self._face = Face(np.concatenate([image, np.zeros((10, 3))]), 1.0)

    def find(self, rgb):
        return [self._face]

    def lips(self, colour=(120, 30, 30)):
        """A brown picture with lips."""
        edge = self._face.landmarks_l3[[*UPPER_LIP_OUTER, *LOWER_LIP_OUTER[::-1]], :2]
        return cv2.fillPoly(np.tile(np.uint8([160, 120, 90]), (400, 500, 1)), [edge.astype(np.int32)], colour)


def test_profile_is_refused():
    for yaw_deg in (40, -40):
        with pytest.raises(UserError, match="turned too far"):
            select_face(np.zeros((400, 500, 3), np.uint8), _Finds(yaw_deg, 1))
    finds = _Finds(20, 1)
    assert select_face(finds.lips(), finds)[2] == []


def test_face_of_other_proportions_gets_a_warning():
    finds = _Finds(0, 1.6)
    _, _, warnings = select_face(finds.lips((20, 20, 20)), finds)  # as dark as a dog's nose
    assert len(warnings) == 1 and "hardly looks like a human" in warnings[0]
