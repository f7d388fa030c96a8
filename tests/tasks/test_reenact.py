"""From a driving video to a moving portrait: real picture, real files."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from jamflow import reenact
from jamflow.app.cli import run
from jamflow.errors import UserError
from jamflow.face.framing import frame_face
from jamflow.face.liveportrait.checkpoint import LivePortraitNetworks
from jamflow.face.liveportrait.space import LIVEPORTRAIT_SPACE
from jamflow.face.measure import track_motion
from jamflow.face.mesh.renderer import MeshRenderer
from jamflow.face.mesh.space import follow_mouth
from jamflow.face.motion import Motion
from jamflow.face.template import read_template, write_template
from jamflow.face.tracker import FaceTracker
from jamflow.media.image import read_image
from jamflow.media.video_reader import read_sound, read_video
from jamflow.media.video_writer import VideoWriter
from liveportrait_networks import stand_ins

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
FPS = Fraction(30000, 1001)
OPENING_T = 0.9 * np.abs(np.sin(np.arange(30) / 4))


@pytest.fixture(scope="module")
def driving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portrait itself, talking, at NTSC's rate and mirrored so that it is somebody else; with a tone."""
    e_tm3 = np.zeros((30, 6, 3), np.float32)
    e_tm3[:, 2, 1], e_tm3[:, 3, 1] = 0.1 * OPENING_T, -0.9 * OPENING_T
    e_tm3[:, 5, 1] = -0.85 * OPENING_T
    zero = np.zeros((30, 3), np.float32)
    motion = Motion(follow_mouth(e_tm3), zero, zero, np.ones(30, np.float32), FPS)
    rgb = np.ascontiguousarray(read_image(PORTRAIT)[:, ::-1])
    picture = MeshRenderer().prepare(*frame_face(rgb, FaceTracker().find(rgb)[0], 512))
    path = tmp_path_factory.mktemp("driving") / "driving.mp4"
    with VideoWriter(path, *picture.size, FPS, 24_000) as video:
        for batch in picture.draw(motion):
            video.write_frame(batch[0].numpy())
        video.write_audio(0.3 * np.sin(np.arange(24024) / 24000 * 2 * np.pi * 440).astype(np.float32))
    return path


def opening(frames: list[np.ndarray]) -> np.ndarray:
    return track_motion(frames, FPS).opening_t


def test_the_portrait_does_as_the_video(driving: Path, tmp_path: Path) -> None:
    made = reenact(PORTRAIT, driving).save(tmp_path / "out.mp4")
    read = list(read_video(tmp_path / "out.mp4"))
    assert [t for t, _ in read] == [k / FPS for k in range(30)] and made["frames"] == 30
    performed = opening([rgb for _, rgb in read_video(driving)])
    shown = opening([rgb for _, rgb in read])
    assert np.corrcoef(shown, performed)[0, 1] > 0.95 and shown.max() > 0.7
    before, after = (read_sound(path, 10) for path in (driving, tmp_path / "out.mp4"))
    np.testing.assert_array_equal(after.samples[:24000], before.samples[:24000])
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]


def test_saved_motion_drives_as_its_video_did(driving: Path, tmp_path: Path) -> None:
    argv = ["reenact", "--portrait", str(PORTRAIT), "-o", str(tmp_path / "a.mp4")]
    assert run([*argv, "--driving", str(driving), "--save-motion", str(tmp_path / "m.npz")]) == 0
    again = reenact(PORTRAIT, tmp_path / "m.npz")
    first = reenact(PORTRAIT, driving)
    np.testing.assert_array_equal(next(again.frames()), next(first.frames()))
    report = again.save(tmp_path / "b.mp4")
    assert report["seconds"] == pytest.approx(30 / float(FPS), abs=1e-3)
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert not container.streams.audio


def test_the_whole_picture_is_kept_and_head_and_shoulders_are_cut(driving: Path, tmp_path: Path) -> None:
    y, x = np.mgrid[:2088, :1598]
    rgb = np.stack([y // 16, x // 16, (x + y) % 64 + 90], -1).astype(np.uint8)
    rgb[200:712, 120:632] = read_image(PORTRAIT)
    Image.fromarray(rgb).save(tmp_path / "large.png")
    result = reenact(tmp_path / "large.png", driving)
    assert result.size == (826, 1080) and ["--size" in words for words in result.warnings] == [True]
    still, frames = cv2.resize(rgb, (826, 1080), interpolation=cv2.INTER_AREA), list(result.frames())
    assert len(frames) == 30
    assert all((frame[270:] == still[270:]).all() and (frame[:, 330:] == still[:, 330:]).all() for frame in frames)
    assert np.corrcoef(opening([frame[:400, :400] for frame in frames]), OPENING_T)[0, 1] > 0.9
    small = reenact(tmp_path / "large.png", driving, size=720)
    assert small.size == (552, 720) and not small.warnings
    assert reenact(tmp_path / "large.png", driving, frame="head").size == (512, 512)
    assert reenact(PORTRAIT, driving, frame="head", size=256).size == (256, 256)
    with pytest.raises(UserError, match="--size is 255"):
        reenact(PORTRAIT, driving, size=255)


def test_only_the_eyes(driving: Path) -> None:
    frames = list(reenact(PORTRAIT, driving, region="eyes").frames())
    assert np.ptp(opening(frames)) < 0.1


def test_a_video_of_uneven_frames_keeps_its_time(tmp_path: Path) -> None:
    """Three frames in a second, the middle one late: shown at the average rate, as long as before."""
    rgb = read_image(PORTRAIT)
    with av.open(str(tmp_path / "v.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 512, 512, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for at_ms in (0, 40, 80, 120, 600, 640, 680, 720, 760, 960):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = at_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    result = reenact(PORTRAIT, tmp_path / "v.mkv")
    motion = result.motion
    assert motion is not None and len(motion) / float(motion.fps) == pytest.approx(1.0, abs=0.1)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> LivePortraitNetworks:
    """The renderer liveportrait with networks that take no time."""
    networks = stand_ins()
    monkeypatch.setattr("jamflow.loading.renderers._liveportrait", lambda: networks)
    return networks


def test_liveportrait_draws_the_whole_picture_from_video_or_motion(driving: Path, tmp_path: Path, stand_in) -> None:
    argv = ["reenact", "--portrait", str(PORTRAIT), "--renderer", "liveportrait", "-o", str(tmp_path / "a.mp4")]
    for suffix in ("npz", "pkl"):
        saved = tmp_path / f"motion.{suffix}"
        assert run([*argv, "--driving", str(driving), "--save-motion", str(saved)]) == 0
        from_motion = reenact(PORTRAIT, saved, renderer="liveportrait")
        motion = from_motion.motion
        assert motion is not None and motion.eyes_t2 is not None and len(motion.eyes_t2) == 30
        assert motion.fps == (FPS if suffix == "npz" else 30)
        from_video = reenact(PORTRAIT, driving, renderer="liveportrait")
        for a, b in zip(from_motion.frames(), from_video.frames(), strict=True):
            assert a.shape == (512, 512, 3) and np.abs(a.astype(int) - b).max() <= 1
    read = list(read_video(tmp_path / "a.mp4"))
    assert [t for t, _ in read] == [k / FPS for k in range(30)]
    assert np.abs(read[0][1][300:].astype(int) - read_image(PORTRAIT)[300:]).mean() < 4  # below the crop nothing changes
    assert read_sound(tmp_path / "a.mp4", 10).samples.any()


def test_landmarks_of_insightface_are_not_for_commerce(driving: Path, tmp_path: Path, stand_in, monkeypatch, capsys) -> None:
    monkeypatch.setenv("JAMFLOW_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("JAMFLOW_CACHE", str(tmp_path))
    argv = ["reenact", "--portrait", str(PORTRAIT), "--driving", str(driving), "-o", str(tmp_path / "a.mp4")]
    assert run([*argv, "--renderer", "liveportrait", "--landmarks", "insightface"]) == 2
    words = capsys.readouterr().err.splitlines()[-1]
    assert "NON-COMMERCIAL" in words and "jamflow weights pull insightface" in words


@pytest.mark.parametrize("option", ["--eyes", "--lips", "--no-stitching"])
def test_what_is_for_liveportrait_alone(driving: Path, tmp_path: Path, stand_in, option: str, capsys) -> None:
    argv = ["reenact", "--portrait", str(PORTRAIT), "--driving", str(driving), "-o", str(tmp_path / "a.mp4")]
    assert run([*argv, "--renderer", "liveportrait"]) == 0
    plain = next(read_video(tmp_path / "a.mp4"))[1]
    assert run([*argv, "--renderer", "liveportrait", option]) == 0
    assert np.abs(plain.astype(int) - next(read_video(tmp_path / "a.mp4"))[1]).max() > 10
    (tmp_path / "a.mp4").unlink()
    assert run([*argv, option]) == 2
    assert "are LivePortrait's. Use the renderer liveportrait" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_liveportrait_without_its_weights_says_how_to_get_them(driving: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("JAMFLOW_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("JAMFLOW_CACHE", str(tmp_path))
    argv = ["reenact", "--portrait", str(PORTRAIT), "--renderer", "liveportrait", "-o", str(tmp_path / "a.mp4")]
    assert run([*argv, "--driving", str(driving)]) == 2
    words = capsys.readouterr().err.splitlines()[-1]
    assert "not on this machine: 5 files of liveportrait (522.3 MB, MIT)" in words
    assert "jamflow weights pull liveportrait`" in words and not list(tmp_path.iterdir())


def test_liveportrait_is_loaded_from_its_five_files(driving: Path, tmp_path: Path, monkeypatch) -> None:
    official = {
        "appearance": "appearance_feature_extractor.pth",
        "motion": "motion_extractor.pth",
        "warping": "warping_module.pth",
        "generator": "spade_generator.pth",
        "retargeting": "stitching_retargeting_module.pth",
    }
    for name in official.values():
        (tmp_path / name).touch()
    asked = []
    monkeypatch.setenv("JAMFLOW_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("jamflow.face.liveportrait.checkpoint.load_networks", lambda files: asked.append(files) or stand_ins())
    assert len(list(reenact(PORTRAIT, driving, renderer="liveportrait").frames())) == 30
    assert [vars(files) for files in asked] == [{field: tmp_path / name for field, name in official.items()}]


def test_a_template_of_liveportrait_is_not_for_the_mesh(driving: Path, tmp_path: Path, stand_in) -> None:
    reenact(PORTRAIT, driving, renderer="liveportrait").save_motion(tmp_path / "m.pkl")
    with pytest.raises(UserError, match="of the space liveportrait, not mesh"):
        reenact(PORTRAIT, tmp_path / "m.pkl")


def test_long_motion_is_kept_whole(driving: Path, tmp_path: Path, stand_in) -> None:
    """Longer than what is drawn at a time, with openings: they are cut and joined like the rest."""
    reenact(PORTRAIT, driving, renderer="liveportrait").save_motion(tmp_path / "m.npz")
    motion = read_template(tmp_path / "m.npz", LIVEPORTRAIT_SPACE)
    write_template(tmp_path / "long.npz", motion.rows(np.arange(600) % 30), LIVEPORTRAIT_SPACE)
    result = reenact(PORTRAIT, tmp_path / "long.npz", renderer="liveportrait").motion
    assert result is not None and result.eyes_t2 is not None and result.lips_t1 is not None
    assert len(result) == len(result.eyes_t2) == len(result.lips_t1) == 600


def test_no_speech_was_made(driving: Path, tmp_path: Path) -> None:
    result = reenact(PORTRAIT, driving)
    with pytest.raises(UserError, match="No speech was made"):
        _ = result.speech
    with pytest.raises(UserError, match="would be a sound file"):
        result.save(tmp_path / "a.wav")
    assert not list(tmp_path.iterdir())


BAD = {
    "no such video": (["--driving", "{tmp}/none.mp4"], "does not exist"),
    "a video without a face": (["--driving", "{tmp}/grey.mp4"], "No human face was found in the video"),
    "a text": (["--driving", "{tmp}/t.mp4"], "cannot be read"),
    "motion that is none": (["--driving", "{tmp}/t.npz"], "damaged or no motion template"),
    "strength": (["--driving", "{tmp}/grey.mp4", "--strength", "4"], "--strength is 4"),
    "motion's name": (["--driving", "{tmp}/grey.mp4", "--save-motion", "{tmp}/m.txt"], "does not end in .npz"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence_and_leaves_nothing(name: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "t.mp4").write_text("words")
    (tmp_path / "t.npz").write_text("words")
    with VideoWriter(tmp_path / "grey.mp4", 64, 64, FPS) as video:
        video.write_frame(np.full((64, 64, 3), 90, np.uint8))
    before = sorted(tmp_path.iterdir())
    extra, words = BAD[name]
    argv = ["reenact", "--portrait", str(PORTRAIT), "-o", str(tmp_path / "a.mp4")]
    assert run([*argv, *(word.replace("{tmp}", str(tmp_path)) for word in extra)]) == 2
    err = capsys.readouterr().err.splitlines()
    assert words in err[-1] and err[-1].startswith("jamflow: ")
    assert sorted(tmp_path.iterdir()) == before
