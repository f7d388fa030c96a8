"""From a video and a recording to a video that says it: the shipped model, real files."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from jamflow import JamFlow
from jamflow.app.cli import run
from jamflow.evaluate.lips import correlation
from jamflow.face.framing import frame_face
from jamflow.face.measure import track_motion
from jamflow.face.mesh.renderer import MeshRenderer
from jamflow.face.mesh.space import follow_mouth, lip_opening_cm
from jamflow.face.motion import Motion
from jamflow.face.tracker import FaceTracker
from jamflow.media.image import read_image
from jamflow.media.video_reader import read_sound, read_video
from jamflow.media.video_writer import VideoWriter
from jamflow.speech.waveform import write_wave

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
NTSC = Fraction(30000, 1001)
N = 20


@pytest.fixture(scope="module")
def model() -> JamFlow:
    return JamFlow.load()


@pytest.fixture(scope="module")
def speech(model: JamFlow, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    write_wave(path, model.tts("Bob may move.", seed=3).speech.waveform[: 24_000 * 9 // 10], 24_000)
    return path


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    """The portrait, talking."""
    opening_t = 0.7 * np.abs(np.sin(np.arange(N) / 3))
    e_tm3 = np.zeros((N, 6, 3), np.float32)
    e_tm3[:, 2, 1], e_tm3[:, 3, 1], e_tm3[:, 5, 1] = 0.1 * opening_t, -0.9 * opening_t, -0.85 * opening_t
    zero = np.zeros((N, 3), np.float32)
    rgb = read_image(PORTRAIT)
    picture = MeshRenderer().prepare(*frame_face(rgb, FaceTracker().find(rgb)[0], 256))
    motion = Motion(follow_mouth(e_tm3), zero, zero, np.ones(N, np.float32), NTSC)
    return np.concatenate([batch.numpy() for batch in picture.draw(motion)])


@pytest.fixture(scope="module")
def video(frames: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two thirds of a second at NTSC's rate, with a tone."""
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    with VideoWriter(path, 256, 256, NTSC, 24_000, quality="filmed") as writer:
        for frame in frames:
            writer.write_frame(frame)
        writer.write_audio(0.3 * np.sin(np.arange(16_000) / 24_000 * 2 * np.pi * 440).astype(np.float32))
    return path


def test_the_video_says_it(model: JamFlow, video: Path, speech: Path, tmp_path: Path) -> None:
    result = model.lipsync(video, speech, seed=1)
    made = result.save(tmp_path / "out.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"] and result.warnings == []
    read = list(read_video(tmp_path / "out.mp4"))
    length_s = Fraction(9, 10)
    assert [t for t, _ in read] == [k / NTSC for k in range(-(-length_s * NTSC // 1))] and made["frames"] == len(read)
    assert made["fps"] == pytest.approx(30000 / 1001), "the video's, not the model's"
    before, after = read_sound(speech, 10), read_sound(tmp_path / "out.mp4", 10)
    heard = np.corrcoef(after.samples[: len(before.samples)], before.samples)[0, 1]
    assert heard > 0.98, "the recording's sound, not the video's"
    motion = result.motion
    assert motion is not None
    lips = lip_opening_cm(motion.expression_tk3)
    seen = track_motion([rgb for _, rgb in read], NTSC).opening_t
    assert correlation(seen, lips) > 0.7 and np.ptp(seen) > 0.1, "one sees what the model made"
    source = [rgb for _, rgb in read_video(video)]
    for k, (_, rgb) in enumerate(read):
        off = np.abs(rgb[:60].astype(int) - source[min(k, N - 1)][:60])
        assert off.mean() < 2, "the rest is the video's, but for the second encoding"


def test_a_video_of_uneven_frames_on_its_side_keeps_its_times(
    model: JamFlow, frames: np.ndarray, speech: Path, tmp_path: Path
) -> None:
    """As a telephone writes it: turned by a quarter in the file, with frames that last unevenly."""
    lasts = [Fraction(1, 30), Fraction(1, 20), Fraction(1, 25)]
    times = [sum((lasts[i % 3] for i in range(k)), Fraction(0)) for k in range(N)]
    with av.open(str(tmp_path / "v.mov"), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"bf": "0", "crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 256, 256, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 600)
        for time, rgb in zip(times, frames, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.rot90(rgb)), format="rgb24")
            frame.pts, frame.time_base = int(time * 600), Fraction(1, 600)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    _turn(tmp_path / "v.mov")
    shown = list(read_video(tmp_path / "v.mov"))
    assert np.abs(shown[0][1].astype(int) - frames[0]).mean() < 4, "upright"
    model.lipsync(tmp_path / "v.mov", speech, nfe=2).save(tmp_path / "out.mp4")
    read = list(read_video(tmp_path / "out.mp4"))
    assert [t for t, _ in read[:N]] == [t for t, _ in shown]
    assert np.abs(read[0][1][:60].astype(int) - frames[0][:60]).mean() < 4


def _turn(path: Path) -> None:
    """Writes the display matrix for a quarter turn into the track's header, which PyAV cannot."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version 0: 40 bytes before the matrix
    one = 1 << 16
    matrix = (0, one, 0, -one & 0xFFFFFFFF, 0, 0, 256 * one, 0, 1 << 30)
    data[at : at + 36] = b"".join(value.to_bytes(4, "big") for value in matrix)
    path.write_bytes(data)


def test_lengths(model: JamFlow, video: Path, speech: Path, tmp_path: Path, capsys) -> None:
    """What is made anew follows what is given: the picture lasts as long as the speech."""
    wave = np.resize(read_sound(speech, 10).samples, 24_000 * 2)
    write_wave(tmp_path / "long.wav", wave, 24_000)
    argv = ["lipsync", "--video", str(video), "--speech", str(tmp_path / "long.wav"), "--nfe", "2", "-o", str(tmp_path / "a.mp4")]
    assert run(argv) == 0
    assert "0.7 s and the speech 2.0 s: the picture goes on back and forth" in capsys.readouterr().err
    assert len(list(read_video(tmp_path / "a.mp4"))) == 60
    assert run([*argv, "--fit", "trim"]) == 0
    assert len(list(read_video(tmp_path / "a.mp4"))) == N and "ends with the video" in capsys.readouterr().err
    (tmp_path / "a.mp4").unlink()
    assert run([*argv, "--fit", "refuse"]) == 2
    assert "0.7 s and the speech 2.0 s. Give them the same length" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["long.wav"]


def test_the_model_is_shown_the_rest_of_the_face(model: JamFlow, video: Path, speech: Path, monkeypatch) -> None:
    clues = []
    from jamflow.tasks import pieces

    real = pieces.generate
    monkeypatch.setattr(pieces, "generate", lambda *a: clues.append(a[2].motion.clue_tc) or real(*a))
    _ = model.lipsync(video, speech, nfe=2).motion
    assert len(clues) == 1 and clues[0].shape[1] == 36 and np.isfinite(clues[0].numpy()).all()


BAD = {
    "no such video": ("none.mp4", [], "does not exist"),
    "words": ("words.mp4", [], "cannot be read"),
    "sound": ("speech.wav", [], "has no picture"),
    "nobody": ("grey.mp4", [], "No human face was found in the video"),
    "nobody of that number": ("v.mp4", ["--face", "2"], "There is no face number 2"),
    "a number of none": ("v.mp4", ["--face", "0"], "counted from 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence_and_leaves_nothing(name: str, video: Path, speech: Path, tmp_path: Path, capsys) -> None:
    file, extra, words = BAD[name]
    (tmp_path / "words.mp4").write_text("hello")
    (tmp_path / "v.mp4").write_bytes(video.read_bytes())
    (tmp_path / "speech.wav").write_bytes(speech.read_bytes())
    with VideoWriter(tmp_path / "grey.mp4", 64, 64, Fraction(25)) as writer:
        writer.write_frame(np.full((64, 64, 3), 90, np.uint8))
    before = sorted(tmp_path.iterdir())
    argv = ["lipsync", "--video", str(tmp_path / file), "--speech", str(speech), "-o", str(tmp_path / "out.mp4")]
    assert run([*argv, *extra]) == 2
    out, err = capsys.readouterr()
    assert out == "" and words in err and err.startswith("jamflow: ") and err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before
