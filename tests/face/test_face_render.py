from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
from face_samples import mouth, read_rgb

from jamflow.face.measure import track_motion
from jamflow.face.mesh import space
from jamflow.face.mesh.warp import frame_motion, invert
from jamflow.face.select import select_face

_NEUTRAL = np.zeros((21, 3))


def _blink(closure: float) -> np.ndarray:
    e_k3 = np.zeros((21, 3))
    e_k3[[space.LID_RIGHT, space.LID_LEFT], 1] = -closure * space.LID_CLOSURE_CM
    return e_k3


def test_frame_is_even_and_512_on_its_longer_side(head, source, renderer):
    width, height = head.size
    assert max(width, height) == 512 and width % 2 == 0 and height % 2 == 0
    frame = renderer.render(source, _NEUTRAL)
    assert frame.shape == (height, width, 3) and frame.dtype == np.uint8


def test_neutral_face_has_closed_lips_though_the_portrait_smiles(source, renderer, tracker):
    shown = track_motion([source.rgb], Fraction(25), tracker)
    neutral = track_motion([renderer.render(source, _NEUTRAL)], Fraction(25), tracker)
    assert shown.opening_t[0] > 0.8
    assert abs(neutral.opening_t[0]) < 0.08


def test_lips_open_as_commanded(source, renderer, tracker):
    rng = np.random.default_rng(0)
    opening = np.r_[np.linspace(0, 1.8, 12), rng.uniform(0, 1.8, 12)]
    width = np.r_[np.zeros(12), rng.uniform(-0.6, 0.6, 12)]
    protrusion = np.r_[np.zeros(12), rng.uniform(-0.1, 0.3, 12)]
    frames = [renderer.render(source, mouth(*shape)) for shape in zip(opening, width, protrusion, strict=True)]
    tracked = track_motion(frames, Fraction(25), tracker)
    assert tracked.found_t.all()
    assert np.corrcoef(opening, tracked.opening_t)[0, 1] > 0.98
    assert 0.8 < np.polyfit(opening, tracked.opening_t, 1)[0] < 1.25


def test_blink_closes_the_eyes(source, renderer, tracker):
    frames = [renderer.render(source, _blink(c)) for c in (0, 0.5, 1, 2)]
    aperture = track_motion(frames, Fraction(25), tracker).aperture_t2.mean(1)
    assert aperture[1] < 0.8 * aperture[0]
    assert aperture[2] < 0.3 * aperture[0]
    np.testing.assert_array_equal(frames[2], frames[3])


def test_background_never_moves(source, renderer):
    still = renderer.render(source, _NEUTRAL)
    left, top, right, bottom = source.moving_xyxy
    for rotation in ([4, -5, 3], [-6, 8, -4], [40, 40, 40]):
        frame = renderer.render(source, mouth(1.5), rotation, [0.5, 0.3, 0], 1.04)
        for region in (np.s_[:top], np.s_[bottom:], np.s_[:, :left], np.s_[:, right:]):
            np.testing.assert_array_equal(frame[region], source.rgb[region])
        corner = np.s_[-40:, -40:]
        np.testing.assert_array_equal(frame[corner], still[corner])
    mouth_only = renderer.render(source, mouth(1.5))
    np.testing.assert_array_equal(mouth_only[:100], still[:100])


def test_rendering_is_a_function_of_its_arguments_in_any_thread(source, renderer):
    rng = np.random.default_rng(1)
    jobs = [(mouth(o) + _blink(b), r) for o, b, r in zip(rng.random(16), rng.random(16), rng.normal(0, 3, (16, 3)), strict=True)]
    one_by_one = [renderer.render(source, *job) for job in jobs]
    with ThreadPoolExecutor(2) as pool:
        in_threads = list(pool.map(lambda job: renderer.render(source, *job), jobs))
    for a, b in zip(one_by_one, in_threads, strict=True):
        np.testing.assert_array_equal(a, b)


def test_backward_map_is_the_inverse_of_the_motion(source):
    """Where skin shows, the source point found for a pixel must land on that pixel."""
    geometry, cut = source.geometry, source.mouth
    for opening, rotation in ((0.0, [0, 0, 0]), (1.6, [6, -8, 4]), (0.6, [-5, 9, -6])):
        e_k3 = mouth(opening, -0.4, 0.3) + _blink(0.8)
        motion = frame_motion(geometry, e_k3, np.full(2, 0.8), np.array(rotation), np.zeros(3), 1.0)
        for patch, rgba in ((cut.upper, cut.upper_rgba), (cut.lower, cut.lower_rgba)):
            moves = patch.displacement(motion)
            rows, columns = patch.shape_hw
            landed = patch.points_n2.reshape(rows, columns, 2) + moves
            found = invert(patch, moves, np.ascontiguousarray(landed[6:-6, 6:-6]))
            missed = np.abs(found - patch.points_n2.reshape(rows, columns, 2)[6:-6, 6:-6]).max(-1)
            visible = rgba[::2, ::2, 3][:rows, :columns][6:-6, 6:-6] > 128
            shape = np.minimum(visible.shape, missed.shape)
            assert missed[: shape[0], : shape[1]][visible[: shape[0], : shape[1]]].max() < 0.5


def test_small_motion_changes_little(source, renderer):
    a = renderer.render(source, mouth(0.5), [1, 1, 0]).astype(int)
    b = renderer.render(source, mouth(0.502), [1.002, 1, 0]).astype(int)
    assert np.abs(a - b).max() <= 6


def test_real_portraits_render_whole(shared_portraits, renderer, tracker):
    for path in shared_portraits:
        rgb = read_rgb(path)
        face, *_ = select_face(rgb, tracker)
        source = renderer.prepare(rgb, face).source
        assert np.isfinite(source.whole.weights_nk).all()
        frame = renderer.render(source, mouth(0.8, 0.2) + _blink(0.6), [3, -4, 2])
        darkest = source.rgb.reshape(-1, 3).max(1).min()
        lips = source.geometry.landmarks_v3[[61, 291, 0, 152], :2]
        keep = np.ones(frame.shape[:2], bool)
        x0, y0 = (lips.min(0) - 20).astype(int)
        x1, y1 = (lips.max(0) + 20).astype(int)
        keep[max(0, y0) : y1, max(0, x0) : x1] = False
        assert frame.max(2)[keep].min() >= int(darkest) - 25, path.name


def test_a_head_that_leans_has_no_tear_beside_the_mouth(source, renderer, monkeypatch):
    """The corners of the mouth's box are beyond what was cut for it; there the head is seen as it is without a mouth."""
    for roll_deg in (-12, 12):
        frame = renderer.render(source, _NEUTRAL, [0, 0, roll_deg])
        with monkeypatch.context() as patch:
            patch.setattr("jamflow.face.mesh.renderer.draw_mouth", lambda *_: None)
            head = renderer.render(source, _NEUTRAL, [0, 0, roll_deg])
        x, y = source.geometry.landmarks_v3[[61, 291], :2].mean(0)
        changed = np.argwhere(np.abs(frame.astype(int) - head).max(-1) > 15)[:, ::-1]
        width = np.ptp(source.geometry.landmarks_v3[[61, 291], 0])
        assert len(changed) and np.linalg.norm(changed - [x, y], axis=1).max() < 0.65 * width
