"""A trained `base`, small and with random weights, gives a video another mouth: the same pipeline as `mini`."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from jamflow import JamFlow
from jamflow.media.image import read_image
from jamflow.media.video_reader import read_video
from jamflow.media.video_writer import VideoWriter
from jamflow.mel_format import MelFormat
from jamflow.speech.waveform import read_wave
from tiny_base import SAID, load_trained, make_trained, make_voice

MEL = MelFormat()

PORTRAIT = Path(__file__).parents[2] / "src/jamflow/assets/portraits/astronaut.png"
MOUTH = (14, 17, 19, 20)
SIZE, N, GONE = (256, 240), 12, 7
FPS = Fraction(30000, 1001)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    make_voice(folder / "me.wav", 1.0)
    make_trained(folder / "model", MOUTH, mouth_std=0.5)  # the stand-in for the decoder shows large motion only
    return folder


@pytest.fixture(scope="module")
def model(place: Path) -> JamFlow:
    return load_trained(place / "model", MOUTH)


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    """The head goes to the right; one frame is without a face."""
    rgb = read_image(PORTRAIT)
    moves = [np.array([[0.62, 0.002 * k, 1.5 * k - 20], [-0.002 * k, 0.62, -8]]) for k in range(N)]
    out = [cv2.warpAffine(rgb, move, SIZE, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE) for move in moves]
    out[GONE] = np.full_like(out[GONE], 100)
    return out


def check_repainted(drawn: list[np.ndarray], source: list[np.ndarray]) -> None:
    changed = np.array([(now != then).any(-1) for now, then in zip(drawn, source, strict=True)])
    assert changed[:3].any((1, 2)).all() and changed.any((1, 2)).mean() > 0.5 and not changed[GONE].any()
    assert changed.mean((1, 2)).max() < 0.12 and not changed[:, :62].any(), "nothing as high as the eyes"


def test_lipsync_keeps_uneven_times(model: JamFlow, place: Path, frames: list[np.ndarray], tmp_path: Path) -> None:
    lasts = [Fraction(1, 10), Fraction(1, 20), Fraction(3, 40)]
    times = [sum((lasts[i % 3] for i in range(k)), Fraction(0)) for k in range(N)]
    with av.open(str(tmp_path / "v.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=20, options={"bf": "0", "crf": "12"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 600)
        for time, rgb in zip(times, frames, strict=True):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = int(time * 600), Fraction(1, 600)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    result = model.lipsync(tmp_path / "v.mp4", place / "me.wav", nfe=2)
    source = list(read_video(tmp_path / "v.mp4"))
    assert result.warnings == ["In 1 of 14 frames no face was found; they stay as they are."]
    check_repainted(list(result.frames())[:N], [rgb for _, rgb in source])
    made = result.save(tmp_path / "out.mp4")
    read = list(read_video(tmp_path / "out.mp4"))
    assert [t for t, _ in read[:N]] == [t for t, _ in source] and made["frames"] == len(read)
    assert all(rgb.shape == (SIZE[1], SIZE[0], 3) for _, rgb in read)
    motion = result.motion
    assert motion is not None and set(np.flatnonzero(motion.expression_tk3.any((0, 2)))) == set(MOUTH)
    assert 0.7 < made["seconds"] < 1.1


def test_retell_in_the_speakers_own_voice(model: JamFlow, place: Path, frames: list[np.ndarray], tmp_path: Path) -> None:
    wave = read_wave(place / "me.wav", 24_000)
    with VideoWriter(tmp_path / "v.mp4", *SIZE, FPS, MEL.sample_rate_hz, quality="filmed") as writer:
        for frame in [*frames, *frames[:GONE][::-1]]:
            writer.write_frame(frame)
        writer.write_audio(wave)
    result = model.retell(tmp_path / "v.mp4", "Hi.", voice_text=SAID, nfe=2)
    made = result.save(tmp_path / "out.mp4")
    read = list(read_video(tmp_path / "out.mp4"))
    lasts_s = len(result.speech.waveform) / result.speech.sample_rate
    assert [t for t, _ in read] == [k / FPS for k in range(len(read))] and made["frames"] == len(read)
    assert len(read) == pytest.approx(float(lasts_s * FPS), abs=16), "less than half a second is not made up for"
    assert read[0][1].shape == (SIZE[1], SIZE[0], 3)
    drawn, source = list(result.frames()), [rgb for _, rgb in read_video(tmp_path / "v.mp4")]
    count = min(N, len(drawn))
    check_repainted(drawn[:count], source[:count])
