"""Bad and odd inputs over all commands, as a table: texts, and command lines that use the files of `odd_files`."""

from collections.abc import Iterator
from itertools import product

from odd_files import PICTURES, SOUNDS, TABLES, VIDEOS, motion_files

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
    "Greek": "Καλημέρα.",
    "the last sentence cannot be said": "All is well. " * 3 + "Всё хорошо.",
    "a zero byte in Russian": "да\x00нет",
    "line separators": "\u2028\u2029\n\r\t",
}
ODD_TEXTS = {
    "one letter": "a",
    "Greek in English": "The letter α is first.",
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

FRAMES = ["huge.mp4", "lying.mp4", "growing.mp4", "other size.mp4"]  # videos with frames that are too large, or change
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
    **{
        f"retell by --fit={fit} what is too long": [
            *("retell", "--video=film.mp4", "--text=There is no room for that.", f"--fit={fit}", "-o", "out.mp4")
        ]
        for fit in ("refuse", "pause", "trim")
    },
    "dub what is too long": ["dub", "--video=film.mp4", "--text=There is no room for that.", "-o", "out.mp4"],
    "dub by --fit=refuse what is too long": [
        *("dub", "--video=film.mp4", "--text=There is no room for that.", "--fit=refuse", "-o", "out.mp4")
    ],
    "dub by a --fit of other tasks": ["dub", "--video=film.mp4", "--text=Hi.", "--fit=loop", "-o", "out.mp4"],
    "retell in Russian": ["retell", "--video=film.mp4", "--text=да", "-o", "out.mp4"],
    "retell in a silent voice": ["retell", "--video=film.mp4", "--text=Hi.", "--voice=silent.wav", "-o", "out.mp4"],
    "dub in Russian": ["dub", "--video=film.mp4", "--text=да", "-o", "out.mp4"],
    "dub in a silent voice": ["dub", "--video=film.mp4", "--text=Hi.", "--voice=silent.wav", "-o", "out.mp4"],
    "speak in Russian": ["speak", "--portrait=face.png", "--text=да", "-o", "out.mp4"],
    "a face that is not there": ["speak", "--portrait=face.png", "--text=Hi.", "--face=7", "-o", "out.mp4"],
    "no such model": ["tts", "--text=Hi.", "--model=not there", "-o", "out.wav"],
    "speak by a model without files": ["speak", "--portrait=face.png", "--text=Hi.", "--model=base", "-o", "out.mp4"],
    "a model without files": ["tts", "--text=Hi.", "--model=base", "-o", "out.wav"],
    "no such device": ["tts", "--text=Hi.", "--device=banana", "-o", "out.wav"],
    "stitching by the face mesh": ["reenact", "--portrait=face.png", "--driving=film.mp4", "--no-stitching", "-o", "out.mp4"],
    "LivePortrait without its weights": [
        *("reenact", "--portrait=face.png", "--driving=film.mp4", "--renderer=liveportrait", "-o", "out.mp4")
    ],
    "speak by LivePortrait without its weights": [
        *("speak", "--portrait=face.png", "--text=Hi.", "--renderer=liveportrait", "-o", "out.mp4")
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
    "evaluate by no table": ["evaluate", "hdtv", "--pairs=latin.csv", "-o", "table"],
    "evaluate what is not there": ["evaluate", "hdtf", "--pairs=not there", "-o", "table"],
    "evaluate pairs that are no UTF-8": ["evaluate", "hdtf", "--pairs=latin.csv", "-o", "table"],
    "evaluate no rows": ["evaluate", "speed", "--pairs=no rows.csv", "-o", "table"],
    "evaluate a column that is not known": ["evaluate", "speed", "--pairs=bad cells.csv", "-o", "table"],
    "prepare both ways": ["prepare", "film.mp4", "--jobs=2", "--ray=local", "-o", "shards"],
}


def rows() -> Iterator[tuple[str, list[str]]]:
    """(what is odd, command line) of what must be refused."""
    pictures = [*PICTURES, "grey.png", "line.png", "float.tiff", "tiny.png", "speech.wav", "film.mp4", *MORE]
    sounds = [*SOUNDS, "no sound.mp4", "face.png", "stereo.wav", *MORE]
    videos = [*VIDEOS, "cut.mp4", "film.mp4", *FRAMES, "little.mp4", "noise.png", "speech.wav", *MORE]
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
