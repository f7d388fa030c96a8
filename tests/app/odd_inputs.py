"""Bad and odd inputs over all commands, as a table: files that people really give, made here, and command lines that use them.

`make_files` writes the files into a folder; `rows` gives (name, command line). Good files are face.png, speech.wav, film.mp4.
"""

import io
import os
import struct
import wave
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from jamflow.media.video_writer import VideoWriter
from jamflow.speech.waveform import write_wave
from jamflow.weights.shipped import asset

PORTRAIT = asset("portraits/astronaut.png")
RNG = np.random.default_rng(0)

TEXTS = {
    **{
        f"only signs {n}": text
        for n, text in enumerate(["!", "...", "—", "()", "🙂", "\u200b", "\ufeff", "\u202e", "*" * 999, "\x07"])
    },
    "Russian": "по-русски",
    "Chinese": "你好，世界",
    "Arabic": "مرحبا",
    "Hebrew": "שלום",
    "Hindi": "नमस्ते",
    "Greek in English": "The letter α is first.",
    "the last sentence cannot be said": "All is well. " * 3 + "Всё хорошо.",
    "a zero byte in Russian": "да\x00нет",
    "line separators": "\u2028\u2029\n\r\t",
}
ODD_TEXTS = {
    "one letter": "a",
    "a control sign": "Hello\x07 you.",
    "a zero byte": "Hello\x00you.",
    "an emoji": "Well done 🙂!",
    "zero width": "He\u200bllo.",
    "accents on their own": "Cafe\u0301.",
    "ligatures": "A ﬁne day.",
    "full width": "Ｈｅｌｌｏ.",
    "from right to left": "\u202eolleH\u202c.",
    "windows lines": "One.\r\nTwo.\r\n",
    "no vowels": "Hmm brrr pst.",
    "a long word": "a" * 400,
    "all capitals": "WHAT IS THIS",
    "a tag": "<b>Hi</b>.",
    "quotes only inside": "\"'Hi'\"",
    "a format string": "%s {0} ${x} `id`.",
    "looks like an option": "--text",
    "private use": "A \ue000 sign.",
    "a lone surrogate": "A \udcff sign.",
    "digits of others": "٣ apples.",
}


def png(**how: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(RNG.integers(0, 255, (96, 96, 3), np.uint8)).save(file, "PNG", **how)
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
    (folder / "cut.mp4").write_bytes((folder / "film.mp4").read_bytes()[:200])
    (folder / "latin.txt").write_bytes(b"caf\xe9")
    (folder / "blank.txt").write_bytes(b" \n ")
    (folder / "a folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "nowhere.png").symlink_to("not there")
    (folder / "circle.png").symlink_to("circle.png")


MORE = ["a folder", "pipe", "nowhere.png", "circle.png", "not there", ""]
HOW = {  # where a file of each kind may be given: the command line without it
    "picture": {
        "speak --portrait": ["speak", "--text=Hi.", "-o", "out.mp4", "--portrait"],
        "animate --portrait": ["animate", "--speech=speech.wav", "-o", "out.mp4", "--portrait"],
        "reenact --portrait": ["reenact", "--driving=film.mp4", "-o", "out.mp4", "--portrait"],
    },
    "sound": {
        "animate --speech": ["animate", "--portrait=face.png", "-o", "out.mp4", "--speech"],
        "lipsync --speech": ["lipsync", "--video=film.mp4", "-o", "out.mp4", "--speech"],
        "tts --voice": ["tts", "--text=Hi.", "-o", "out.wav", "--voice"],
        "dub --voice": ["dub", "--video=film.mp4", "-o", "out.mp4", "--voice"],
        "edit --video": ["edit", "--change", "a", "b", "--transcript=a c", "-o", "out.wav", "--video"],
    },
    "video": {
        "lipsync --video": ["lipsync", "--speech=speech.wav", "-o", "out.mp4", "--video"],
        "dub --video": ["dub", "--text=Hi.", "-o", "out.mp4", "--video"],
        "retell --video": ["retell", "--text=Hi.", "-o", "out.mp4", "--video"],
        "edit --video for a video": ["edit", "--change", "a", "b", "--transcript=a c", "-o", "out.mp4", "--video"],
        "reenact --driving": ["reenact", "--portrait=face.png", "-o", "out.mp4", "--driving"],
    },
}
OPTIONS = {
    "the span ends before it begins": ["edit", "--video=speech.wav", "--from=5", "--to=2", "--text=Hi.", "-o", "out.wav"],
    "the span is empty": ["edit", "--video=speech.wav", "--from=1", "--to=1", "--text=Hi.", "-o", "out.wav"],
    "the span begins before the recording": ["edit", "--video=speech.wav", "--from=-1", "--to=1", "--text=Hi.", "-o", "out.wav"],
    "the span ends after the recording": ["edit", "--video=speech.wav", "--from=1", "--to=99", "--text=Hi.", "-o", "out.wav"],
    "the span begins after the recording": ["edit", "--video=speech.wav", "--from=99", "--text=Hi.", "-o", "out.wav"],
    "the span is no number": ["edit", "--video=speech.wav", "--from=nan", "--to=1", "--text=Hi.", "-o", "out.wav"],
    "the span has no end": ["edit", "--video=speech.wav", "--from=0", "--to=inf", "--text=Hi.", "-o", "out.wav"],
    "the span is all of it": ["edit", "--video=speech.wav", "--from=0", "--to=1.5", "--text=Hi.", "-o", "out.wav"],
    "the span is nearly all of it": ["edit", "--video=speech.wav", "--from=0.01", "--to=1.49", "--text=Hi.", "-o", "out.wav"],
    "a span and old words": ["edit", "--video=speech.wav", "--change", "a", "b", "--from=0", "--text=Hi.", "-o", "out.wav"],
    "a span without a text": ["edit", "--video=speech.wav", "--from=0", "--to=1", "-o", "out.wav"],
    "nothing to change": ["edit", "--video=speech.wav", "-o", "out.wav"],
    "old words are empty": ["edit", "--video=speech.wav", "--change", "", "b", "--transcript=a", "-o", "out.wav"],
    "old words are signs": ["edit", "--video=speech.wav", "--change", "?!", "b", "--transcript=a", "-o", "out.wav"],
    "old words are not said": ["edit", "--video=speech.wav", "--change", "x", "b", "--transcript=a c", "-o", "out.wav"],
    "old words are said twice": ["edit", "--video=speech.wav", "--change", "a", "b", "--transcript=a c a", "-o", "out.wav"],
    "new words are the old ones": ["edit", "--video=speech.wav", "--change", "a", "a", "--transcript=a c", "-o", "out.wav"],
    "new words are Russian": ["edit", "--video=speech.wav", "--change", "a", "да", "--transcript=a c", "-o", "out.wav"],
    "the transcript is empty": ["edit", "--video=speech.wav", "--change", "a", "b", "--transcript= ", "-o", "out.wav"],
    "the transcript is Russian": ["edit", "--video=speech.wav", "--change", "a", "b", "--transcript=да", "-o", "out.wav"],
    "lipsync of other lengths": ["lipsync", "--video=film.mp4", "--speech=speech.wav", "--fit=refuse", "-o", "out.mp4"],
    "retell in Russian": ["retell", "--video=film.mp4", "--text=да", "-o", "out.mp4"],
    "retell in a silent voice": ["retell", "--video=film.mp4", "--text=Hi.", "--voice=silent.wav", "-o", "out.mp4"],
    "dub in Russian": ["dub", "--video=film.mp4", "--text=да", "-o", "out.mp4"],
    "dub in a silent voice": ["dub", "--video=film.mp4", "--text=Hi.", "--voice=silent.wav", "-o", "out.mp4"],
    "speak in Russian": ["speak", "--portrait=face.png", "--text=да", "-o", "out.mp4"],
    "a face that is not there": ["speak", "--portrait=face.png", "--text=Hi.", "--face=7", "-o", "out.mp4"],
    "no such model": ["tts", "--text=Hi.", "--model=not there", "-o", "out.wav"],
    "a model without files": ["tts", "--text=Hi.", "--model=base", "-o", "out.wav"],
    "no such device": ["tts", "--text=Hi.", "--device=banana", "-o", "out.wav"],
    "stitching by the face mesh": ["reenact", "--portrait=face.png", "--driving=film.mp4", "--no-stitching", "-o", "out.mp4"],
    "LivePortrait without its weights": [
        *("reenact", "--portrait=face.png", "--driving=film.mp4", "--renderer=liveportrait", "-o", "out.mp4")
    ],
    "an input as the output": ["lipsync", "--video=film.mp4", "--speech=speech.wav", "-o", "film.mp4"],
    "a circle of links as the output": ["tts", "--text=Hi.", "-o", "circle.png"],
    "no such weights": ["weights", "path", "not there"],
    "weights without a network": ["weights", "pull", "vocos"],
    "no such voice": ["voices", "--hear=nobody"],
    "init of nothing": ["init", "base", "--from=not there", "--kind=F5TTS_Base", "-o", "model"],
    "init of junk": ["init", "base", "--from=junk.wav", "--kind=F5TTS_Base", "-o", "model"],
    "init without a kind": ["init", "base", "--from=junk.wav", "-o", "model"],
    "init with another's mouth": ["init", "base", "--from=junk.wav", "--kind=F5TTS_Base", "--mouth", "1", "2", "-o", "model"],
    "init with a vocabulary that is none": [
        *("init", "base", "--from=junk.wav", "--kind=F5TTS_Base", "--vocab=latin.txt", "-o", "model")
    ],
    "prepare what is not there": ["prepare", "not there", "-o", "shards"],
    "prepare a pipe that is no table": ["prepare", "latin.csv", "-o", "shards"],
    "prepare without a column of files": ["prepare", "no rows.csv", "bad cells.csv", "-o", "shards"],
    "prepare into a file": ["prepare", "film.mp4", "-o", "face.png"],
    "prepare both ways": ["prepare", "film.mp4", "--jobs=2", "--ray=local", "-o", "shards"],
}


def rows() -> Iterator[tuple[str, list[str]]]:
    """(what is odd, command line) of what must be refused."""
    pictures = [*PICTURES, "grey.png", "line.png", "float.tiff", "tiny.png", "speech.wav", "film.mp4", *MORE]
    sounds = [*SOUNDS, "no sound.mp4", "face.png", "stereo.wav", *MORE]
    videos = [*VIDEOS, "cut.mp4", "film.mp4", "little.mp4", "noise.png", "speech.wav", *MORE]
    for kind, files in (("picture", pictures), ("sound", sounds), ("video", videos)):
        for (what, words), file in product(HOW[kind].items(), files):
            yield f"{what}: {file}", [*words[:-1], f"{words[-1]}={file}"]
    for file in motion_files():
        yield f"reenact --driving: {file}", ["reenact", "--portrait=face.png", "-o", "out.mp4", f"--driving={file}"]
    for name, text in TEXTS.items():
        yield f"tts: {name}", ["tts", "-o", "out.wav", f"--text={text}"]
    for file in (*MORE[:1], "not there", "latin.txt", "blank.txt", "empty.wav", "junk.wav", ""):
        yield f"tts --text-file: {file}", ["tts", "-o", "out.wav", f"--text-file={file}"]
    for file in (*TABLES, *MORE[:1], "pipe", "not there"):
        yield f"tts --batch: {file}", ["tts", f"--batch={file}"]
    yield from OPTIONS.items()
