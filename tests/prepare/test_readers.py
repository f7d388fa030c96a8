"""Corpora as they are published, in small: which clips a reader finds and what it says about them."""

import lzma
from pathlib import Path

import pytest

from jamflow.errors import UserError
from jamflow.prepare.clip import Clip, sha256_of
from jamflow.prepare.readers import read_clips
from jamflow.prepare.readers.grid import sentence


def put(root: Path, **files: str) -> Path:
    """Files by their path, in which __ stands for / and _ before the suffix for a dot."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def found(source: Path) -> dict[str, Clip]:
    return {str(clip.path.relative_to(source)): clip for clip in read_clips(source)}


def test_grid_with_align_files(tmp_path: Path) -> None:
    align = "0 23750 sil\n23750 29500 bin\n29500 34000 blue\n34000 35500 at\n35500 41000 a\n41000 47250 two\n47250 53000 now\n"
    put(tmp_path, **{"s1/bbaa2n.mpg": "x", "s1/bbaf3s.mpg": "x", "align/s1/bbaa2n.align": align, "s2/readme.txt": "x"})
    clips = found(tmp_path)
    assert list(clips) == ["s1/bbaa2n.mpg", "s1/bbaf3s.mpg"]
    first, second = clips.values()
    assert first.speaker == "grid_s1" and first.text == "bin blue at A two now" and first.licence == "CC-BY-4.0"
    assert first.words[0] == ("bin", 0.95, 1.18) and first.words[3][0] == "A", "a letter, not the article"
    assert len(first.words) == 6 and second.words == () and second.text == "bin blue at F three soon"


def test_grid_with_one_table_for_all(tmp_path: Path) -> None:
    put(tmp_path, **{"s4/pwijzp.mkv": "x"})
    rows = "speaker\tclip\ttext\twords\ns4\tpwijzp\tplace white in j zero please\tsil:0-10000;place:10000-20000;white:20000-25000"
    (tmp_path / "alignments.tsv.xz").write_bytes(lzma.compress(rows.encode()))
    (clip,) = read_clips(tmp_path)
    assert clip.words == (("place", 0.4, 0.8), ("white", 0.8, 1.0)) and clip.speaker == "grid_s4"


def test_names_of_grid() -> None:
    assert sentence("sgwz9a") == "set green with Z nine again"
    assert sentence("sgww9a") is None and sentence("video1") is None and sentence("bbaf2") is None


def test_librispeech(tmp_path: Path) -> None:
    lines = "1688-142285-0000 THERE'S IRON\n1688-142285-0001 MARGARET SAID\n1688-142285-0002 NOT THERE\n"
    chapter = "test-other/1688/142285/1688-142285"
    put(tmp_path, **{f"{chapter}.trans.txt": lines, f"{chapter}-0000.flac": "x", f"{chapter}-0001.opus": "x"})
    clips = list(read_clips(tmp_path))
    assert {c.source_rate_hz for c in clips} == {16_000}
    assert [(c.path.name, c.speaker, c.text) for c in clips] == [
        ("1688-142285-0000.flac", "libri_1688", "there's iron"),
        ("1688-142285-0001.opus", "libri_1688", "margaret said"),
    ]


def test_vctk(tmp_path: Path) -> None:
    put(
        tmp_path,
        **{
            "wav48_silence_trimmed/p225/p225_001_mic1.flac": "x",
            "wav48_silence_trimmed/p225/p225_001_mic2.flac": "x",
            "wav48_silence_trimmed/p315/p315_002_mic1.flac": "x",
            "txt/p225/p225_001.txt": "Please call Stella.\n",
        },
    )
    clips = list(read_clips(tmp_path))
    assert [(c.path.name, c.speaker, c.text) for c in clips] == [
        ("p225_001_mic1.flac", "vctk_p225", "Please call Stella."),
        ("p315_002_mic1.flac", "vctk_p315", None),
    ]


def test_ljspeech(tmp_path: Path) -> None:
    put(tmp_path, **{"metadata.csv": "LJ001-0001|Chapter 4|Chapter four\nLJ001-0002|as it is|\n", "wavs/LJ001-0001.wav": "x"})
    (clip,) = read_clips(tmp_path)
    assert clip.text == "Chapter four" and clip.licence == "Public-Domain" and clip.speaker == "ljspeech"


def test_a_folder_of_films(tmp_path: Path) -> None:
    put(tmp_path, **{"a/RD_Radio1_000.mp4": "x", "b.MOV": "x", "b.txt": " What b says. ", "c.docx": "x", ".trash/d.mp4": "x"})
    clips = found(tmp_path)
    assert list(clips) == ["a/RD_Radio1_000.mp4", "b.MOV"]
    assert clips["b.MOV"].text == "What b says." and clips["a/RD_Radio1_000.mp4"].text is None
    assert {c.licence for c in clips.values()} == {""} and clips["b.MOV"].speaker == "b"
    (alone,) = read_clips(tmp_path / "b.MOV")
    assert alone == clips["b.MOV"]


def test_a_table(tmp_path: Path) -> None:
    rows = [
        "file,speaker,text,seconds,source_rate_hz,licence,origin,sha256_of_original",
        'grid/a.mkv,anna,bin blue,3.0,44100,CC-BY-4.0,"GRID, doi 10",abc',
        "b.wav,,,,,,,",
    ]
    put(tmp_path, **{"manifest.csv": "\n".join(rows), "grid/a.mkv": "x", "other.wav": "x"})
    first, second = read_clips(tmp_path)
    assert first == Clip(
        tmp_path / "grid/a.mkv", "anna", "bin blue", licence="CC-BY-4.0", origin="GRID, doi 10", source_rate_hz=44_100
    )
    assert second == Clip(tmp_path / "b.wav", "b")
    put(tmp_path, **{"other.csv": "\ufefffile,from,to\nb.wav,1.5,3\nb.wav,4,\n"})
    assert [c.span_s for c in read_clips(tmp_path / "other.csv")] == [(1.5, 3.0), (4.0, None)]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("name,text\na.wav,x\n", "has no column named file"),
        ("file,text\na.wav,x,y\n", "Row 1 of .* has 3 cells, and the header has 2"),
        ("file,from\na.wav,soon\n", "Row 1 of .* has 'soon' in the column from"),
        ("file,from,to\na.wav,nan,2\n", "has 'nan' in the column from"),
        ("file,source_rate_hz\na.wav,fast\n", "Row 1 of .* has 'fast' in the column source_rate_hz.*\n?.*a sample rate"),
        ("file,source_rate_hz\na.wav,0\n", "has '0' in the column source_rate_hz"),
        ("file,from,to\nb.wav,0,1\na.wav,3,2\n", "Row 2 of .* ends before it begins"),
    ],
)
def test_a_damaged_table_is_a_sentence(table: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(table)
    with pytest.raises(UserError, match=says):
        list(read_clips(tmp_path / "t.csv"))


def test_a_table_that_is_not_text_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("file,text\na.wav,café".encode("latin-1"))
    with pytest.raises(UserError, match="cannot be read as UTF-8 text"):
        list(read_clips(tmp_path / "t.csv"))


def test_the_key_of_a_clip_is_everything_that_its_result_depends_on(tmp_path: Path) -> None:
    from dataclasses import replace

    put(tmp_path, **{"a.wav": "one", "b.wav": "one", "c.wav": "two"})
    clip = Clip(tmp_path / "a.wav", "anna", "words")
    sha = sha256_of(clip.path)
    key = clip.key(sha, {"motion": "mesh"})
    assert replace(clip, path=tmp_path / "b.wav").key(sha256_of(tmp_path / "b.wav"), {"motion": "mesh"}) == key
    others = {
        clip.key(sha256_of(tmp_path / "c.wav"), {"motion": "mesh"}),
        clip.key(sha, {"motion": "liveportrait"}),
        replace(clip, text="word").key(sha, {"motion": "mesh"}),
        replace(clip, speaker="bob").key(sha, {"motion": "mesh"}),
        replace(clip, span_s=(0.0, 1.0)).key(sha, {"motion": "mesh"}),
        replace(clip, words=(("words", 0.0, 1.0),)).key(sha, {"motion": "mesh"}),
    }
    assert len(others) == 6 and key not in others
