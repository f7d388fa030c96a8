"""Round lips, whatever the portrait's own mouth is, and a smile that fades while the person speaks."""

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
from face_samples import mouth, read_rgb

from jamflow.face.articulation import articulate
from jamflow.face.canonical import load_canonical
from jamflow.face.measure import track_motion
from jamflow.face.mesh import space
from jamflow.face.mesh.compose import landed_edges
from jamflow.face.mesh.corners import without_shadows
from jamflow.face.mesh.light import luma
from jamflow.face.mesh.lips import cut_lips
from jamflow.face.mesh.rig import build_rig
from jamflow.face.mesh.rounding import SPEAKING_SHARE, puckering_motion, roundness, smile_off, unsmiling_motion
from jamflow.face.mesh.warp import frame_motion
from jamflow.face.motion import Transfer
from jamflow.face.speaking import Speaking

FPS = Fraction(25)
NEUTRAL = np.zeros((21, 3))
CORNERS = (61, 291)
PX_PER_CM = 20.0


def said(phone: str) -> np.ndarray:
    """(21, 3) expression of the articulatory model in the middle of a long phone."""
    return space.follow_mouth(articulate([(phone, 0.0, 1.0)], 1.0, 25)[10:11])[0]


def rig_of(person_v3: np.ndarray):
    return build_rig(person_v3 * [PX_PER_CM, -PX_PER_CM, -PX_PER_CM] + [256, 256, 0], person_v3)


def smiling(person_v3: np.ndarray, by_3: tuple[float, float, float]) -> np.ndarray:
    """The person with both corners of the mouth moved outwards, up and towards the viewer, cm."""
    smile = person_v3.copy()
    smile[list(CORNERS)] += np.array([[-1, 1, 1], [1, 1, 1]]) * by_3
    return smile


def unsmiled(person_v3: np.ndarray) -> np.ndarray:
    """(2, 3) how the corners move when the smile is taken off."""
    rig = rig_of(person_v3)
    moved = unsmiling_motion(rig, person_v3, load_canonical().vertices_v3[[13, 14]].mean(0))
    return np.stack([moved[np.flatnonzero(rig.vertices_c == vertex)[0]] for vertex in CORNERS])


def test_a_smile_is_taken_off_as_far_as_it_was_put_on():
    by = unsmiled(smiling(load_canonical().vertices_v3, (0.6, 0.7, -0.5)))
    np.testing.assert_allclose(np.abs(by[:, 0]), 0.6, atol=0.1)
    assert by[0, 0] > 0 > by[1, 0], "the corners come in"
    np.testing.assert_allclose(by[:, 1], -0.7, atol=0.1)
    assert (by[:, 2] > 0.1).all() and (by[:, 2] < 0.5 + 0.1).all(), "and forward"


def test_a_mouth_that_is_only_wide_has_no_smile_to_take_off():
    face = load_canonical().vertices_v3
    assert np.abs(unsmiled(face)).max() < 0.01
    assert np.abs(unsmiled(smiling(face, (0.6, -0.1, 0.0)))).max() < 0.01


@pytest.mark.parametrize(
    ("phone", "least", "most"), [("u", 0.9, 1), ("w", 0.9, 1), ("ɹ", 0.35, 0.65), ("ɑ", 0, 0.05), ("i", 0, 0)]
)
def test_roundness_of_sounds(phone: str, least: float, most: float):
    assert least <= roundness(said(phone)) <= most


def test_an_unmoved_mouth_keeps_the_whole_smile():
    assert smile_off(0, roundness(NEUTRAL)) == 0
    assert smile_off(1, 0) == SPEAKING_SHARE < smile_off(0, 1) < smile_off(1, 1) < 1


def test_lips_get_fuller_as_they_round():
    person = load_canonical().vertices_v3
    rig = rig_of(person)
    by = dict(zip(rig.vertices_c.tolist(), puckering_motion(rig, person), strict=True))
    assert by[0][1] > 0.05 and by[17][1] < -0.05
    assert by[13][1] == by[14][1] == 0, "the opening stays as it is"


def test_rounded_lips_stay_together_at_the_sides(source):
    """The same opening, round and not: as high in the middle, and narrower."""
    e_k3 = mouth(0.6, -1.2)
    motion = frame_motion(source.geometry, e_k3, np.zeros(2), np.zeros(3), np.zeros(3), 1.0)
    heights = []
    for one in (motion, replace(motion, rounding_23=np.zeros((2, 3), np.float32))):
        upper, lower = landed_edges(source, one)
        x = np.linspace(max(upper[0, 0], lower[0, 0]), min(upper[-1, 0], lower[-1, 0]), 41)
        heights.append(np.interp(x, *lower.T) - np.interp(x, *upper.T))
    (round_, slit), middle = heights, 20
    assert round_[middle] == pytest.approx(slit[middle], rel=0.1)
    assert np.count_nonzero(round_ > 0.3 * round_.max()) < 0.85 * np.count_nonzero(slit > 0.3 * slit.max())


def test_corners_come_forward_for_oo(source):
    """Seen in a head that is turned: what comes forward moves to the side where the face looks."""
    turned = np.array([0.0, 10.0, 0.0])
    corner = source.geometry.landmarks_v3[list(CORNERS), :2]

    def placed(e_k3: np.ndarray, rotation: np.ndarray) -> np.ndarray:
        motion = frame_motion(source.geometry, e_k3, np.zeros(2), rotation, np.zeros(3), 1.0)
        patch = source.mouth.upper
        cell = np.round((corner - patch.origin_2) / patch.step_px).astype(int)
        return corner[:, 0] + patch.displacement(motion)[cell[:, 1], cell[:, 0], 0]

    moved = placed(said("u"), turned).mean() - placed(NEUTRAL, turned).mean()
    moved -= placed(said("u"), 0 * turned).mean() - placed(NEUTRAL, 0 * turned).mean()
    assert moved > 0.5 * np.sin(np.deg2rad(10)) * source.geometry.pose.scale_px * 0.8


def test_a_grin_says_oo(source, renderer, tracker):
    """Asked width in, seen width out; the corners come in as far as those of a mouth that does not smile."""
    asked = np.r_[np.linspace(-1.0, 0.5, 16)]
    frames = [renderer.render(source, mouth(0.4, width), speaking=1.0) for width in asked]
    seen = track_motion([*frames, renderer.render(source, said("u"), speaking=1.0)], FPS, tracker).width_t
    assert np.corrcoef(asked, seen[:-1])[0, 1] > 0.93
    assert 0.9 < np.polyfit(asked, seen[:-1], 1)[0] < 1.9
    assert seen[-1] < 4.9, "5.7 with the grin"


def test_every_portrait_says_oo(shared_portraits, renderer, tracker):
    for name in ("dicetalk_pyy", "aniportrait_aragaki", "memo_dicaprio"):
        rgb = read_rgb(next(path for path in shared_portraits if name in path.name))
        source = renderer.prepare(rgb, tracker.find(rgb)[0]).source
        asked = np.linspace(-1.0, 0.5, 9)
        frames = [renderer.render(source, mouth(0.4, width), speaking=1.0) for width in asked]
        seen = track_motion(frames, FPS, tracker).width_t
        assert np.corrcoef(asked, seen)[0, 1] > 0.93, name
        assert 0.6 < np.polyfit(asked, seen, 1)[0] < 1.6, name


def test_the_smile_fades_while_speaking_and_comes_back(source, renderer, tracker):
    frames = [renderer.render(source, NEUTRAL, speaking=level) for level in (0.0, 1.0, 0.0)]
    seen = track_motion(frames, FPS, tracker)
    assert 0.15 < seen.width_t[0] - seen.width_t[1] < 0.9
    assert np.abs(seen.opening_t).max() < 0.08, "shut lips stay shut"
    np.testing.assert_array_equal(frames[0], frames[2])


def test_motion_says_how_much_the_person_speaks(head, source, renderer):
    motion = head.speaking(np.zeros((2, 18), np.float32), FPS)
    motion = replace(motion, speaking_t1=np.array([[0.0], [1.0]], np.float32))
    drawn = [batch[0].numpy() for batch in head.draw(motion)]
    for frame, level in zip(drawn, (0.0, 1.0), strict=True):
        np.testing.assert_array_equal(frame, renderer.render(source, NEUTRAL, speaking=level))
    still = [batch[0].numpy() for batch in head.draw(motion, Transfer(region="eyes"))]
    np.testing.assert_array_equal(still[0], still[1])


def test_speaking_follows_speech_and_not_its_short_pauses():
    loudness = np.zeros(150)
    loudness[25:50] = loudness[55:75] = 0.01  # a second of rest, a pause of 0.2 s, and rest again
    level = Speaking(FPS).step(loudness)[:, 0]
    assert level[:25].max() == 0
    assert level[25 + 3] < 0.5 and level[25 + 13] > 0.9, "0.5 s"
    assert (np.diff(level[25:75]) >= -1e-6).all(), "no flicker"
    assert level[75 + 4] > 0.95 and level[75 + 8] > 0.5 and level[75 + 18] < 0.1
    assert (np.diff(level[80:]) <= 1e-6).all()


def test_speaking_does_not_depend_on_chunks_nor_on_the_level_of_the_recording():
    loudness = np.abs(np.sin(np.arange(200) / 9)) * (np.arange(200) % 80 < 50)
    whole, pieces = Speaking(FPS).step(loudness), Speaking(FPS)
    parts = [pieces.step(part) for part in np.array_split(1e-3 * loudness, [1, 2, 77, 140])]
    np.testing.assert_allclose(whole, np.concatenate(parts), atol=1e-6)


@pytest.mark.parametrize("phone", ["u", "ɔ", "ɑ", "i"])
def test_no_dark_wedges_in_the_corners(source, renderer, phone: str):
    """Nothing near a corner is much darker than the lips; in the portrait itself the open smile's corners are black."""
    e_k3 = said(phone)
    light = luma(renderer.render(source, e_k3))
    motion = frame_motion(source.geometry, e_k3, np.zeros(2), np.zeros(3), np.zeros(3), 1.0)
    upper, lower = landed_edges(source, motion)
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    for end in (0, -1):
        place = (upper[end] + lower[end]) / 2
        near = np.hypot(x - place[0], y - place[1]) < 0.5 * source.geometry.pose.scale_px
        assert np.percentile(light[near], 5) > 0.57 * luma(source.interior.light.lip_rgb)


def test_the_sides_of_an_open_mouth_are_lip_and_not_the_dark(source, renderer):
    """In the gap itself, three quarters of the way from the middle to a corner and further."""
    e_k3 = said("ɑ")
    light = luma(renderer.render(source, e_k3))
    motion = frame_motion(source.geometry, e_k3, np.zeros(2), np.zeros(3), np.zeros(3), 1.0)
    upper, lower = landed_edges(source, motion)
    for sides in ((0.05, 0.125), (0.875, 0.95)):
        low, high = upper[0, 0] + np.array(sides) * (upper[-1, 0] - upper[0, 0])
        columns = np.linspace(low, high, 8).round().astype(int)
        rows = [slice(*np.round([np.interp(x, *upper.T) + 1.5, np.interp(x, *lower.T) - 0.5]).astype(int)) for x in columns]
        seen = np.concatenate([light[row, x] for row, x in zip(rows, columns, strict=True)])
        assert len(seen) > 10
        assert np.median(seen) > 0.25 * luma(source.interior.light.lip_rgb), "0.09 in the dark"


def test_corners_of_closed_lips_are_left_alone():
    mesh = load_canonical().vertices_v3 * [PX_PER_CM, -PX_PER_CM, 1] + [128, 32, 0]
    person = load_canonical().vertices_v3.copy()
    person[14, 1] = person[13, 1]
    rgb = np.full((256, 256, 3), 150, np.uint8)
    cv2.circle(rgb, tuple(mesh[61, :2].round().astype(int).tolist()), 4, (5, 5, 5), -1)
    corners, lip = mesh[list(CORNERS), :2], np.full(3, 150.0)
    closed = cut_lips(rgb, mesh, person, PX_PER_CM)
    assert without_shadows(rgb, corners, closed, lip, PX_PER_CM) is rgb
    parted = cut_lips(rgb, mesh, load_canonical().vertices_v3, PX_PER_CM)
    lit = without_shadows(rgb, corners, parted, lip, PX_PER_CM)
    assert lit.min() > 0.6 * 150 and (lit[:64] == rgb[:64]).all()
