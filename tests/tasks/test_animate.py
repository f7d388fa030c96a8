"""From a recording to a portrait that says it: the shipped model, real files."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from jamflow import JamFlow
from jamflow.app.cli import run
from jamflow.evaluate.lips import correlation
from jamflow.face.mesh.space import lip_opening_cm
from jamflow.media.video_reader import read_sound, read_video
from jamflow.media.video_writer import VideoWriter
from jamflow.result import Result
from jamflow.speech.waveform import write_wave

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
QUIET_S = 1.0


@pytest.fixture(scope="module")
def model() -> JamFlow:
    return JamFlow.load()


@pytest.fixture(scope="module")
def spoken(model: JamFlow) -> Result:
    result = model.speak(PORTRAIT, "My puppy jumps. Bob may move the apples.", seed=3, still=True)
    assert len(result.speech.waveform)
    return result


def write(path: Path, wave: np.ndarray, codec: str, rate: int = 44_100, layout: str = "stereo", start_s: int = 0) -> None:
    """(N,) at 24 kHz as a sound file of another kind, whose first sample is heard at `start_s`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        resampler = av.AudioResampler(stream.codec_context.format, layout, rate)
        frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 24_000, 24_000 * start_s, Fraction(1, 24_000)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def speech(spoken: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `speak` said, then a second of silence, as a telephone records it: stereo AAC at 44.1 kHz."""
    path = tmp_path_factory.mktemp("speech") / "speech.m4a"
    write(path, np.concatenate([spoken.speech.waveform, np.zeros(int(QUIET_S * 24_000), np.float32)]), "aac")
    return path


def opening(result: Result) -> np.ndarray:
    motion = result.motion
    assert motion is not None
    return lip_opening_cm(motion.expression_tk3)


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(container.streams.audio[0]) if p.size]


def test_the_portrait_says_it(model: JamFlow, spoken: Result, speech: Path, tmp_path: Path) -> None:
    result = model.animate(PORTRAIT, speech, seed=1)
    made = result.save(tmp_path / "out.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]
    frames = list(read_video(tmp_path / "out.mp4"))
    assert [t for t, _ in frames] == [Fraction(k, 25) for k in range(len(frames))] and made["frames"] == len(frames)
    heard = read_sound(speech, 60)
    assert len(frames) == int(np.ceil(len(heard.samples) / heard.sample_rate * 25))
    assert packets(tmp_path / "out.mp4") == packets(speech)
    after = read_sound(tmp_path / "out.mp4", 60)
    np.testing.assert_array_equal(after.samples[: len(heard.samples)], heard.samples)
    assert after.start_s == 0 and after.sample_rate == 44_100
    lips, meant = opening(result), opening(spoken)
    assert correlation(lips[: len(meant)], meant) > 0.8, "as the model moves them when it speaks"
    assert correlation(lips[: len(meant)], meant[::-1]) < 0.5
    assert lips.max() > 0.4 and (lips[len(meant) + 4 :] < 0.12).all(), "open in speech, shut in the silence after it"
    still, loud = frames[-5][1], frames[int(lips.argmax())][1]
    assert np.abs(still.astype(int) - loud.astype(int)).max() > 40, "and one sees it"


def test_seed(model: JamFlow, speech: Path) -> None:
    one, again, other = (model.animate(PORTRAIT, speech, seed=seed, nfe=4).motion for seed in (1, 1, 2))
    assert one is not None and again is not None and other is not None
    np.testing.assert_array_equal(one.expression_tk3, again.expression_tk3)
    np.testing.assert_array_equal(one.rotation_t3, again.rotation_t3)
    assert not np.array_equal(one.expression_tk3, other.expression_tk3)


def test_still(model: JamFlow, speech: Path) -> None:
    one, other = (model.animate(PORTRAIT, speech, nfe=4, still=still).motion for still in (True, False))
    assert one is not None and other is not None
    assert not one.rotation_t3.any() and other.rotation_t3.any()
    np.testing.assert_array_equal(one.expression_tk3[:, :6], other.expression_tk3[:, :6])


def test_the_motion_says_when_the_portrait_speaks(model: JamFlow, spoken: Result, speech: Path) -> None:
    """The whole time of `speech` after what is said in it is silent."""
    motion = model.animate(PORTRAIT, speech, nfe=1, still=True).motion
    assert motion is not None and motion.speaking_t1 is not None and motion.speaking_t1.shape == (len(motion), 1)
    assert motion.speaking_t1[0] < 0.2 and motion.speaking_t1.max() > 0.95 and motion.speaking_t1[-1] < 0.2


def test_level_rate_and_channels_do_not_matter(model: JamFlow, spoken: Result, tmp_path: Path) -> None:
    wave = spoken.speech.waveform
    write_wave(tmp_path / "plain.wav", wave, 24_000)
    plain = opening(model.animate(PORTRAIT, tmp_path / "plain.wav"))
    for name, codec, rate, layout, gain in (
        ("quiet.wav", "pcm_s16le", 44_100, "stereo", 0.1),
        ("a.flac", "flac", 96_000, "mono", 1),
        ("a.m4a", "aac", 48_000, "5.1", 1),
    ):
        write(tmp_path / name, wave * np.float32(gain), codec, rate, layout)
        assert correlation(opening(model.animate(PORTRAIT, tmp_path / name)), plain) > 0.97


def test_sound_that_begins_later_than_its_file(model: JamFlow, spoken: Result, tmp_path: Path) -> None:
    """The first sample is heard at 0, and the lips know."""
    wave = spoken.speech.waveform
    write(tmp_path / "late.mkv", wave, "pcm_s16le", start_s=2)
    write(tmp_path / "plain.wav", wave, "pcm_s16le")
    assert read_sound(tmp_path / "late.mkv", 60).start_s == 2
    late, plain = (model.animate(PORTRAIT, tmp_path / name, nfe=4) for name in ("late.mkv", "plain.wav"))
    np.testing.assert_array_equal(opening(late), opening(plain))
    late.save(tmp_path / "out.mp4")
    heard = read_sound(tmp_path / "out.mp4", 60)
    loudest_s = float(heard.start_s) + np.abs(heard.samples).argmax() / 44_100
    assert loudest_s == pytest.approx(np.abs(wave).argmax() / 24_000, abs=0.005)


def test_long_speech_has_no_seams(model: JamFlow, spoken: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several chunks give what one gives, and no jump at their edges."""
    write_wave(tmp_path / "long.wav", np.resize(spoken.speech.waveform, 25 * 24_000), 24_000)

    def lips(longest_s: float) -> tuple[np.ndarray, np.ndarray]:
        monkeypatch.setattr("jamflow.sampling.given_speech.LONGEST_S", longest_s)
        pieces = list(model.animate(PORTRAIT, tmp_path / "long.wav", still=True, nfe=8).pieces())
        parts = [lip_opening_cm(piece.motion.expression_tk3) for piece in pieces if piece.motion is not None]
        return np.concatenate(parts), np.cumsum([len(part) for part in parts])[:-1]

    (whole, none), (parts, edges) = lips(30.0), lips(13.0)
    assert len(none) == 0 and len(edges) >= 2 and len(parts) == len(whole) == 625
    assert correlation(parts, whole) > 0.99
    jumps = np.abs(np.diff(parts - whole))
    assert jumps[edges - 1].max() < 0.05


BAD = {
    "missing": ("none.wav", "does not exist"),
    "a folder": ("folder", "is a folder"),
    "words": ("words.wav", "cannot be read"),
    "silence": ("silence.wav", "is silent"),
    "short": ("short.wav", "lasts less than 0.5 s"),
    "a video without sound": ("mute.mp4", "has no sound"),
    "a picture": ("face.png", "has no sound"),
}


@pytest.mark.parametrize("name", BAD)
def test_speech_that_cannot_be_used(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, words = BAD[name]
    (tmp_path / "folder").mkdir()
    (tmp_path / "words.wav").write_text("hello")
    (tmp_path / "face.png").write_bytes(PORTRAIT.read_bytes())
    write_wave(tmp_path / "silence.wav", np.zeros(48_000), 24_000)
    write_wave(tmp_path / "short.wav", 0.1 * np.sin(np.arange(9_000)), 24_000)
    with VideoWriter(tmp_path / "mute.mp4", 64, 64, Fraction(25)) as video:
        for _ in range(25):
            video.write_frame(np.zeros((64, 64, 3), np.uint8))
    before = sorted(tmp_path.iterdir())
    argv = ["animate", "--portrait", str(PORTRAIT), "--speech", str(tmp_path / file), "-o", str(tmp_path / "out.mp4")]
    assert run(argv) == 2
    out, err = capsys.readouterr()
    assert out == "" and words in err and err.startswith("jamflow: ") and err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before
