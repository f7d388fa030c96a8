"""Bad and odd files that people really give, made here by `make_files`; the good ones are face.png, speech.wav and film.mp4."""

import io
import os
import struct
import wave
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from jamflow.media.video_writer import VideoWriter
from jamflow.speech.waveform import write_wave
from jamflow.weights.shipped import asset
from png_video import png_video

PORTRAIT = asset("portraits/astronaut.png")
RNG = np.random.default_rng(0)


def png(size: tuple[int, int] = (96, 96)) -> bytes:
    file = io.BytesIO()
    Image.fromarray(RNG.integers(0, 255, (*size, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def claimed(width: int, height: int) -> bytes:
    """A PNG that says it is so large."""
    data = bytearray(png())
    data[16:24] = struct.pack(">II", width, height)
    return bytes(data)


def wav(samples: bytes, rate: int = 24_000, channels: int = 1, kind: int = 1, bits: int = 16, told: int | None = None) -> bytes:
    """A wav file with any header. kind: 1 for integers, 3 for floats. told: bytes of sound that the header promises."""
    size = len(samples) if told is None else told
    frame = channels * bits // 8
    head = struct.pack("<HHIIHH", kind, channels, rate, min(rate * frame, 2**32 - 1), frame, bits)
    return (
        b"RIFF"
        + struct.pack("<I", min(size + 36, 2**32 - 1))
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + head
        + (b"data" + struct.pack("<I", size) + samples)
    )


def pcm(seconds: float = 1.0, rate: int = 24_000) -> bytes:
    return (8000 * np.sin(np.arange(int(seconds * rate)) / 20)).astype("<i2").tobytes()


JUNK = RNG.bytes(4000)
LIES = {
    "text": b"hello there",
    "html": b"<html><body>404 Not Found</body></html>",
    "junk": JUNK,
    "zeros": bytes(5000),
    "empty": b"",
}
PICTURES = {
    **{f"{name}.png": data for name, data in LIES.items()},
    **{f"junk.{suffix}": JUNK for suffix in ("jpg", "webp", "gif", "bmp", "tiff", "avif")},
    **{f"cut{n}.png": png()[:n] for n in (8, 33, 60, 500, -20)},
    "bomb.png": claimed(100_000, 100_000),
    "wide.png": claimed(60_000, 96),
    "none.png0": claimed(0, 0),
    "noise.png": png(),
    "vector.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "paper.pdf": b"%PDF-1.4\n",
    "script.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\nshowpage\n",
    "archive.zip.png": b"PK\x03\x04" + JUNK,
}
SOUNDS = {
    **{f"{name}.wav": data for name, data in LIES.items()},
    **{f"junk.{suffix}": JUNK for suffix in ("mp3", "flac", "ogg", "m4a", "opus", "aac")},
    "silent.wav": wav(bytes(48_000)),
    "short.wav": wav(pcm(0.1)),
    "nothing.wav": wav(b""),
    "nan.wav": wav(np.full(24_000, np.nan, "<f4").tobytes(), kind=3, bits=32),
    "constant.wav": wav(np.full(24_000, 9000, "<i2").tobytes()),
    "no channels.wav": wav(pcm(), channels=0),
    "no rate.wav": wav(pcm(), rate=0),
    "huge rate.wav": wav(pcm(), rate=4_000_000_000),
    "no bits.wav": wav(pcm(), bits=0),
    "head only.wav": wav(pcm())[:20],
    "playlist.m3u8": b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.wav\n",
    "concat.txt": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "call.sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
}
VIDEOS = {
    **{f"{name}.mp4": data for name, data in LIES.items()},
    **{f"junk.{suffix}": JUNK for suffix in ("mkv", "webm", "mov", "avi", "ts")},
    "list.m3u8": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "box.mp4": struct.pack(">I4s", 24, b"ftyp") + b"isom" + bytes(12) + struct.pack(">I4s", 0xFFFFFFF0, b"moov"),
}


def motion_files() -> dict[str, bytes]:
    def packed(**arrays: object) -> bytes:
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]
        return file.getvalue()

    one = {"expression": np.zeros((2, 18, 3)), "rotation": np.zeros((2, 3)), "translation": np.zeros((2, 3)), "scale": np.ones(2)}
    one |= {"fps": np.array([25, 1]), "space": np.array("mesh")}
    return {
        **{f"{name}.npz": data for name, data in LIES.items()},
        **{f"{name}.pkl": data for name, data in LIES.items()},
        "other space.npz": packed(**one | {"space": np.array("liveportrait")}),
        "no space.npz": packed(**{k: v for k, v in one.items() if k != "space"}),
        "no frames.npz": packed(**one | {k: v[:0] for k, v in one.items() if k not in ("fps", "space")}),
        "uneven.npz": packed(**one | {"scale": np.ones(3)}),
        "not finite.npz": packed(**one | {"scale": np.full(2, np.nan)}),
        "no rate.npz": packed(**one | {"fps": np.array([0, 0])}),
        "other points.npz": packed(**one | {"expression": np.zeros((2, 5, 3))}),
        "words.npz": packed(**one | {"expression": np.array("x")}),
        "objects.npz": zipped({"expression.npy": b"\x93NUMPY\x01\x00"}),
        "folders.npz": zipped({"../../x.npy": b"x", "/etc/x.npy": b"y"}),
    }


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


TABLES = {
    "no rows.csv": b"text,output\n",
    "ragged.csv": b"text,output\na\n",
    "twice.csv": b"text,text\na,b\n",
    "latin.csv": b"text,output\ncaf\xe9,a.wav\n",
    "binary.csv": JUNK,
    "zero.csv": b"text,output\n\x00,a.wav\n",
    "nested.csv": b"batch,output\nx.csv,a.wav\n",
    "same.csv": b"text,output\na,a.wav\nb,./a.wav\n",
    "stdin.csv": b"text-file,output\n-,a.wav\n",
    "bad cells.csv": b"text,output,nfe\na,a.wav,many\n",
    "no output.csv": b"text\na\n",
    "wide cell.csv": b"text,output\n" + b"a" * 200_000 + b",a.wav\n",
}


def make_files(folder: Path) -> None:
    """Writes all files."""
    for files in (PICTURES, SOUNDS, VIDEOS, motion_files(), TABLES):
        for name, data in files.items():
            (folder / name).write_bytes(data)
    Image.open(PORTRAIT).convert("RGB").resize((256, 256)).save(folder / "face.png")
    for name, mode, size in (("grey.png", "L", (96, 96)), ("line.png", "RGB", (4000, 70)), ("float.tiff", "F", (96, 96))):
        Image.new(mode, size).save(folder / name)
    Image.new("RGB", (20, 20)).save(folder / "tiny.png")
    write_wave(folder / "speech.wav", 0.3 * RNG.standard_normal(36_000).clip(-1, 1), 24_000)
    with wave.open(str(folder / "stereo.wav"), "wb") as file:
        file.setparams((2, 2, 24_000, 0, "NONE", ""))
        file.writeframes(bytes(96_000))
    for name, size, sound, frames in (("film.mp4", 64, True, 3), ("no sound.mp4", 64, False, 3), ("little.mp4", 16, True, 2)):
        with VideoWriter(folder / name, size, size, Fraction(25), 24_000 if sound else None) as video:
            for _ in range(frames):
                video.write_frame(np.full((size, size, 3), 120, np.uint8))
            if sound:
                video.write_audio((0.2 * np.sin(np.arange(24_000) / 9)).astype(np.float32))
    png_video(folder / "huge.mp4", (16_000, 9_000), [claimed(16_000, 9_000)])
    png_video(folder / "lying.mp4", (96, 96), [claimed(16_000, 9_000)])
    png_video(folder / "growing.mp4", (96, 96), [png(), claimed(16_000, 9_000)])
    png_video(folder / "other size.mp4", (96, 96), [png(), png((64, 96))])
    (folder / "cut.mp4").write_bytes((folder / "film.mp4").read_bytes()[:200])
    (folder / "latin.txt").write_bytes(b"caf\xe9")
    (folder / "blank.txt").write_bytes(b" \n ")
    (folder / "a folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "nowhere.png").symlink_to("not there")
    (folder / "circle.png").symlink_to("circle.png")
