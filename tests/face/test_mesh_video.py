"""The mouth of a video painted anew: a real picture, talking, as a real file."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from jamflow.errors import UserError
from jamflow.face.measure import track_motion
from jamflow.face.mesh.space import follow_mouth
from jamflow.face.mesh.tracker import MeshTracker
from jamflow.face.mesh.video_picture import MeshVideo
from jamflow.face.motion import Motion
from jamflow.footage.video import Footage, open_footage
from jamflow.media.video_reader import read_video
from jamflow.media.video_writer import VideoWriter

FPS = Fraction(30000, 1001)
N = 24
GONE = (9, 10, 11)


def mouth(openings: np.ndarray) -> np.ndarray:
    """(T, 18) lips so far apart, in cm."""
    e_tm3 = np.zeros((len(openings), 6, 3), np.float32)
    e_tm3[:, 2, 1], e_tm3[:, 3, 1], e_tm3[:, 5, 1] = 0.1 * openings, -0.9 * openings, -0.85 * openings
    return e_tm3.reshape(len(openings), -1)


@pytest.fixture(scope="module")
def video(head, tmp_path_factory) -> Path:
    """Talking and nodding a little, at NTSC's rate, with grain, of odd height; three frames are without a face."""
    opening_t = 0.9 * np.abs(np.sin(np.arange(N) / 4))
    turn = np.zeros((N, 3), np.float32)
    turn[:, 0] = 3 * np.sin(np.arange(N) / 6)
    still = np.zeros((N, 3), np.float32)
    motion = Motion(follow_mouth(mouth(opening_t).reshape(N, 6, 3)), turn, still, np.ones(N, np.float32), FPS)
    path, rng = tmp_path_factory.mktemp("film") / "v.mp4", np.random.default_rng(0)
    with VideoWriter(path, 512, 512, FPS, quality="filmed") as writer:
        for k, batch in enumerate(head.draw(motion)):
            frame = np.full((512, 512, 3), 120, np.uint8) if k in GONE else batch[0].numpy()
            grain = rng.normal(0, 3, (512, 512, 1))
            writer.write_frame(np.clip(frame + grain, 0, 255).astype(np.uint8))
    return path


@pytest.fixture(scope="module")
def footage(video, tracker) -> Footage:
    return open_footage(video, MeshTracker(tracker))


@pytest.fixture(scope="module")
def film(footage, renderer) -> MeshVideo:
    """As one shot: the face is lost and comes back."""
    return renderer.prepare_video(replace(footage.face_video(), shot_k=None))


@pytest.fixture(scope="module")
def source(video) -> np.ndarray:
    return np.stack([rgb for _, rgb in read_video(video)])


def drawn(film: MeshVideo, mouth_tm: np.ndarray, first: int = 0) -> np.ndarray:
    return np.stack([batch[0].numpy() for batch in film.draw(film.speaking(mouth_tm, FPS), first=first)])


def test_outside_the_lower_face_every_pixel_is_the_source(film, footage, source) -> None:
    wide = drawn(film, mouth(np.full(N, 1.2)))
    away = np.ones(source.shape[:3], bool)
    for k in range(N):
        if k not in GONE:
            oval = footage.landmarks(k, k + 1)[0, :468, :2]
            eyes, chin = oval[[159, 145, 386, 374], 1].max(), oval[152, 1]
            x0, x1 = oval[:, 0].min(), oval[:, 0].max()
            grown = 0.35 * (x1 - x0)
            away[k, int(eyes) : int(chin + 0.45 * (chin - eyes)), int(x0 - grown) : int(x1 + grown)] = False
    assert 0.6 < away.mean() < 0.95
    np.testing.assert_array_equal(wide[away], source[away])
    changed = [k for k in range(N) if (wide[k] != source[k]).any()]
    assert changed == [k for k in range(N) if k not in GONE], "no face, no change"


def test_the_mouth_as_it_was_filmed_hardly_changes_the_picture(film, footage, source) -> None:
    again = drawn(film, footage.face_video().mouth(film.space)).astype(int)
    seen = [k for k in range(N) if k not in GONE]
    assert np.abs(again - source)[seen].mean() < 0.1
    assert np.percentile(np.abs(again - source)[seen], 99.9) < 20


@pytest.mark.parametrize("opening", [0.0, 0.5, 1.0])
def test_one_sees_the_mouth_that_was_wanted_whatever_was_filmed(film, tracker, opening) -> None:
    frames = drawn(film, mouth(np.full(N, opening)))
    far = [k for k in range(N) if all(abs(k - gone) > 5 for gone in GONE)]
    seen = track_motion(list(frames[far]), FPS, tracker).opening_t
    assert np.abs(seen - np.median(seen)).max() < 0.3, "the filmed mouth does not show through"
    assert abs(np.median(seen) - opening) < 0.2


def test_where_the_face_comes_back_the_mouth_does_not_jump(film, tracker) -> None:
    frames = drawn(film, mouth(np.full(N, 1.0)))
    seen = track_motion(list(frames), FPS, tracker).opening_t
    own = track_motion(list(drawn(film, np.full((N, 18), np.nan, np.float32))), FPS, tracker).opening_t
    change = np.abs(seen - own)
    around = [GONE[0] - 1, GONE[-1] + 1]
    assert (change[around] < 0.35 * np.nanmax(change) + 0.05).all()


def test_pieces_are_the_whole_to_the_bit(film, source) -> None:
    rows = mouth(np.linspace(0, 1, N))
    whole = drawn(film, rows)
    parts = [drawn(film, rows[a:b], first=a) for a, b in ((0, 7), (7, 8), (8, N))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_motion_that_is_not_finite_leaves_the_frame(film, source) -> None:
    rows = mouth(np.full(N, 1.0))
    rows[:5] = np.nan
    frames = drawn(film, rows)
    np.testing.assert_array_equal(frames[:5], source[:5])
    assert (frames[5] != source[5]).any()


def test_frames_in_another_order(footage, renderer, source) -> None:
    order = footage.filmed.part(Fraction(0), Fraction(1, 4)).back_and_forth(Fraction(1, 2))
    film = renderer.prepare_video(footage.face_video(order))
    frames = drawn(film, np.full((len(order), 18), np.nan, np.float32))
    np.testing.assert_array_equal(frames, source[order.frames_n])
    assert film.times_s == (*order.times_s, order.end_s)


def test_what_is_lost_is_counted(film) -> None:
    assert film.warnings == ("In 3 of 24 frames no face was found; they stay as they are.",)


def test_odd_sizes_lose_a_row(video, tracker, renderer, source, tmp_path) -> None:
    import av

    with av.open(str(tmp_path / "odd.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 401, 411, "bgr0"
        for k in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(source[k, :411, 20:421].copy(), format="rgb24")))
        container.mux(stream.encode(None))
    film = renderer.prepare_video(open_footage(tmp_path / "odd.mkv", MeshTracker(tracker)).face_video())
    assert film.size == (400, 410)
    np.testing.assert_array_equal(drawn(film, np.full((3, 18), np.nan, np.float32)), source[:3, :410, 20:420])


def test_a_face_that_is_too_small_is_refused(footage, renderer, monkeypatch) -> None:
    monkeypatch.setattr("jamflow.face.usable.HEIGHT_MIN_PX", 400.0)
    with pytest.raises(UserError, match="nowhere large enough"):
        renderer.prepare_video(footage.face_video())
