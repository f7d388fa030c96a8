"""A whole run over small sources: what is kept is right, what is bad is counted, and nothing else is lost."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sources import RATE_HZ, Here, Take, film, journal

from jamflow.data.corpus import Shard, refuse_other, shards
from jamflow.data.features import examples
from jamflow.errors import UserError
from jamflow.mel_format import MelFormat
from jamflow.prepare import run
from jamflow.prepare.run import Outcome, prepare_sources
from jamflow.speech.level import to_model_level
from jamflow.speech.mel import LogMel
from jamflow.speech.waveform import sound_writer, write_wave

FREE = "CC-BY-4.0"


def prepared(here: Here, source: Path, out: Path, **options) -> Outcome:
    return prepare_sources([source], out, here.settings, here, **{"licence": FREE, **options})


def utterances(out: Path) -> list[tuple[Shard, object]]:
    return [(shard, utterance) for shard in shards(out) for utterance in shard.utterances]


@pytest.fixture(scope="session")
def kept(here: Here, talking: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of the talking face, whose text lies beside it."""
    root = tmp_path_factory.mktemp("kept")
    (root / "films").mkdir()
    shutil.copy(talking, root / "films/anna.mp4")
    (root / "films/anna.txt").write_text("Sixty seven people went to the market by boat, and bought papers, apples and maps.")
    prepared(here, root / "films", root / "shards")
    return root / "shards"


def test_a_talking_face_becomes_an_utterance_with_motion(kept: Path, take: Take) -> None:
    ((shard, u),) = utterances(kept)
    assert u.voice == "anna" and u.licence == FREE and re.fullmatch("[0-9a-f]{64}", u.source)
    assert u.samples / RATE_HZ == pytest.approx(len(take.frames) / 25, abs=0.1)
    assert [word for word, _, _ in u.words][:3] == ["Sixty", "seven", "people"]
    assert [p[1] for p in u.phones[1:]] == [p[2] for p in u.phones[:-1]], "phones without gaps"
    assert u.phones[0][1] == 0 and u.phones[-1][2] == pytest.approx(u.samples / RATE_HZ, abs=1e-3)
    wave = shard.samples(u)
    expected = to_model_level(take.wave)[: len(wave)]
    assert np.corrcoef(wave[: len(expected)], expected)[0, 1] > 0.99
    expression, pose = shard.motion(u)
    assert expression.shape == (int(np.ceil(u.samples / RATE_HZ * 25 - 1e-6)), 21, 3) and pose.shape == (len(expression), 7)
    assert np.isfinite(expression).all() and np.isfinite(pose).all()
    opening = expression[:, 2, 1] - expression[:, 3, 1]
    spoken = np.zeros(len(opening), bool)
    for _, start, end in u.words:
        spoken[max(0, int(start * 25) - 5) : int(end * 25) + 4] = True
    assert opening[spoken].mean() > opening[~spoken].mean() + 0.15, "lips open in words"


def test_features_are_those_that_training_reads(kept: Path) -> None:
    (shard,) = shards(kept)
    (example,) = examples(shard, MelFormat())
    (u,) = shard.utterances
    assert example.mel_fm.shape == (u.samples // 256, 100) == example.heard_fm.shape
    expected = LogMel(MelFormat())(torch.from_numpy(shard.samples(u)))[: len(example.mel_fm)].numpy()
    np.testing.assert_allclose(example.mel_fm, expected, atol=0.02)


def test_the_report_needs_no_other_file(kept: Path) -> None:
    page = (kept / "report.html").read_text(encoding="utf-8")
    assert "data:image/jpeg;base64," in page and "<svg" in page and "Widest opening" in page and FREE in page
    assert not re.search(r"(src|href)=.?(http|/|[a-z]+\.)", page)


def test_shards_of_two_models_do_not_mix(kept: Path, here: Here, talking: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "refuse_missing_tools", lambda settings: None)  # LivePortrait's weights are not needed for this
    other = Here(replace(here.settings, motion="liveportrait"))
    with pytest.raises(UserError, match="has motion of the space mesh, and the model's is liveportrait"):
        prepare_sources([talking], kept, other.settings, other, licence=FREE)
    narrow = Here(replace(here.settings, mel=MelFormat(16000, 160, 640, 80)))
    with pytest.raises(UserError, match="was made for sound at 24000 Hz"):
        prepare_sources([talking], kept, narrow.settings, narrow, licence=FREE)
    refuse_other(shards(kept), MelFormat(), "mesh")


def test_a_folder_without_recordings_is_said_to_be_one(here: Here, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/notes.docx").write_text("words")
    with pytest.raises(UserError, match="There is no video and no sound in the folder"):
        prepared(here, tmp_path / "source", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_half_of_the_files_are_broken(here: Here, voices: dict[str, np.ndarray], tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number, wave in enumerate(voices.values()):
        write_wave(source / f"good{number}.wav", wave, RATE_HZ)
    whole = (source / "good0.wav").read_bytes()
    (source / "cut.wav").write_bytes(whole[:30])
    (source / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    (source / "empty.wav").touch()
    outcome = prepared(here, source, tmp_path / "out")
    assert outcome.counts == {"kept": 3, "unreadable": 3}
    assert len(utterances(tmp_path / "out")) == 3
    reasons = {Path(e["file"]).name: e["verdicts"][0]["detail"] for e in journal(tmp_path / "out")}
    assert "is empty" in reasons["empty.wav"] and "cannot be read" in reasons["noise.mp4"]


def test_sound_alone_has_no_motion_and_silence_noise_and_music_do_not_teach(
    here: Here, voices: dict[str, np.ndarray], tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    rng = np.random.default_rng(0)
    time_s = np.arange(4 * RATE_HZ) / RATE_HZ
    write_wave(source / "speech.wav", next(iter(voices.values())), RATE_HZ)
    write_wave(source / "silence.wav", np.zeros(RATE_HZ), RATE_HZ)
    write_wave(source / "noise.wav", 0.1 * rng.standard_normal(4 * RATE_HZ), RATE_HZ)
    write_wave(source / "organ.wav", sum(0.05 * np.sin(2 * np.pi * hz * time_s) for hz in (220, 277, 330, 440)), RATE_HZ)
    write_wave(source / "click.wav", next(iter(voices.values()))[: RATE_HZ * 3 // 4], RATE_HZ)
    prepared(here, source, tmp_path / "out")
    reasons = {Path(e["file"]).stem: e["verdicts"][0]["reason"] for e in journal(tmp_path / "out")}
    assert reasons == {"speech": "kept", "silence": "no sound", "noise": "no speech", "organ": "music", "click": "too short"}
    ((shard, u),) = utterances(tmp_path / "out")
    assert u.motion is None and shard.motion(u) is None and u.phones == [] and u.text == ""


def test_the_same_sound_in_another_file_is_kept_once(here: Here, voices: dict[str, np.ndarray], tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    first, second, _ = voices.values()
    write_wave(source / "a.wav", first, RATE_HZ)
    shutil.copy(source / "a.wav", source / "b.wav")
    for name, wave in (("c.flac", 0.5 * first[2400:]), ("d.mp3", first)):
        with sound_writer(source / name, RATE_HZ) as writer:
            writer.write(wave)
    write_wave(source / "e.wav", second, RATE_HZ)
    outcome = prepared(here, source, tmp_path / "out")
    assert outcome.counts == {"kept": 2, "duplicate": 3}
    assert {u.voice for _, u in utterances(tmp_path / "out")} == {"a", "e"}
    again = prepared(here, source, tmp_path / "out")
    assert again.counts == outcome.counts, "also when all is there already"


def test_what_is_new_is_added_and_the_rest_is_left_alone(here: Here, voices: dict[str, np.ndarray], tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    first, second, _ = voices.values()
    write_wave(source / "b.wav", first, RATE_HZ)
    prepared(here, source, out)
    before = {p: p.stat().st_mtime_ns for p in out.glob("shard*/*")}
    write_wave(source / "a.wav", second, RATE_HZ)
    (source / "moved").mkdir()
    (source / "b.wav").rename(source / "moved/b.wav")
    outcome = prepared(here, source, out)
    assert outcome.shards == ("shard-0000", "shard-0001") and outcome.counts == {"kept": 2}
    assert [u.voice for _, u in utterances(out)] == ["b", "a"], "moved is not new"
    assert {p: p.stat().st_mtime_ns for p in out.glob("shard-0000/*")} == before
    assert not (out / ".prepare/clips").exists(), "nothing is there twice"


class Licences:
    """A table of two sentences."""

    @staticmethod
    def table(folder: Path, voices: dict[str, np.ndarray], *licences: str, column: str = "licence") -> Path:
        rows = [f"file,speaker,text,{column}"]
        for number, (licence, (text, wave)) in enumerate(zip(licences, voices.items(), strict=False)):
            write_wave(folder / f"{number}.wav", wave, RATE_HZ)
            rows.append(f"{number}.wav,speaker{number},{text},{licence}")
        (folder / "table.csv").write_text("\n".join(rows))
        return folder / "table.csv"


def test_licences_decide(here: Here, voices: dict[str, np.ndarray], tmp_path: Path) -> None:
    table = Licences.table(tmp_path, voices, "CC BY 4.0", "CC BY-NC 4.0", "")
    outcome = prepared(here, table, tmp_path / "out", licence="")
    assert outcome.counts == {"kept": 1, "licence": 2} and not outcome.non_commercial
    marked = prepared(here, table, tmp_path / "all", licence="", allow_noncommercial=True)
    assert marked.counts == {"kept": 3} and marked.non_commercial
    facts = {shard.folder.name: (shard.facts.non_commercial, len(shard.utterances)) for shard in shards(tmp_path / "all")}
    assert facts == {"shard-0000": (False, 1), "shard-nc-0000": (True, 2)}


def test_the_bandwidth_of_a_copy_is_that_of_its_original(here: Here, voices: dict[str, np.ndarray], tmp_path: Path) -> None:
    name, wave = next(iter(voices.items()))
    hiss = np.random.default_rng(0).normal(0, 0.003, len(wave))  # up to 12 kHz, as a codec leaves it
    write_wave(tmp_path / "a.wav", (wave + hiss).astype(np.float32), RATE_HZ)
    (tmp_path / "manifest.csv").write_text(f"file,speaker,source_rate_hz\na.wav,{name},16000\n")
    prepared(here, tmp_path / "manifest.csv", tmp_path / "out")
    assert [utterance.bandwidth_hz for _, utterance in utterances(tmp_path / "out")] == [8000]


def test_a_missing_licence_column_is_a_sentence_and_writes_no_shard(
    here: Here, voices: dict[str, np.ndarray], tmp_path: Path
) -> None:
    table = Licences.table(tmp_path, voices, "CC0", "CC0", column="colour")
    with pytest.raises(UserError) as caught:
        prepared(here, table, tmp_path / "out", licence="")
    assert "None of the 2 clips can be kept: 2 licence" in str(caught.value) and "column licence" in str(caught.value)
    assert list(shards(tmp_path / "out")) == [] and (tmp_path / "out/report.html").exists()
    assert prepared(here, table, tmp_path / "out", licence="CC0").counts == {"kept": 2}


def five(frame: np.ndarray) -> np.ndarray:
    """The same face five times, one larger than the others."""
    height, width = frame.shape[:2]
    small = frame[::2, ::2]
    wide = np.zeros((height * 3 // 2, width * 2, 3), np.uint8)
    wide[:height, :width] = frame
    for row, column in ((0, width), (0, width * 3 // 2), (height // 2, width), (height, 0)):
        wide[row : row + height // 2, column : column + width // 2] = small
    return wide


def test_of_five_people_the_largest_is_followed(here: Here, take: Take, kept: Path, tmp_path: Path) -> None:
    film(tmp_path / "five.mp4", (five(frame) for frame in take.frames), take.wave)
    outcome = prepared(here, tmp_path / "five.mp4", tmp_path / "out")
    assert outcome.counts == {"kept": 1}
    (verdict,) = journal(tmp_path / "out")[0]["verdicts"]
    assert "5 faces" in verdict["detail"]
    ((shard, u),), ((alone, v),) = utterances(tmp_path / "out"), utterances(kept)
    both = [s.motion(x)[0][:, 3, 1] for s, x in ((shard, u), (alone, v))]
    n = min(map(len, both))
    assert np.corrcoef(both[0][:n], both[1][:n])[0, 1] > 0.95


def test_sound_that_is_late_is_refused(here: Here, take: Take, tmp_path: Path) -> None:
    late = np.concatenate([np.zeros(int(0.4 * RATE_HZ), np.float32), take.wave])[: len(take.wave)]
    film(tmp_path / "late.mp4", take.frames, late)
    with pytest.raises(UserError, match="1 out of step"):
        prepared(here, tmp_path / "late.mp4", tmp_path / "out")
    (verdict,) = journal(tmp_path / "out")[0]["verdicts"]
    assert re.search(r"lips are 0\.(3[5-9]|4[0-5]) s early", verdict["detail"]), verdict


def test_bad_stretches_are_refused_and_the_good_ones_kept(here: Here, take: Take, tmp_path: Path) -> None:
    """One second without a face, and a cut to a small one, within a film of the face."""
    frames = [frame.copy() for frame in take.frames]
    for frame in frames[50:80]:
        frame[:] = 90
    tiny = np.full_like(frames[0], 60)
    face = frames[10][::5, ::5]
    tiny[200 : 200 + len(face), 200 : 200 + face.shape[1]] = face
    frames[110:] = [tiny] * len(frames[110:])
    film(tmp_path / "mixed.mp4", frames, take.wave)
    prepared(here, tmp_path / "mixed.mp4", tmp_path / "out")
    verdicts = sorted(journal(tmp_path / "out")[0]["verdicts"], key=lambda v: v["start_s"])
    assert [v["reason"] for v in verdicts] == ["kept", "no face", "kept", "face small"]
    assert [round(v["start_s"] * 25) for v in verdicts] == pytest.approx([0, 50, 80, 110], abs=1)
    assert len(utterances(tmp_path / "out")) == 2


def test_a_hand_before_the_mouth_is_seen(here: Here, take: Take, tmp_path: Path) -> None:
    from jamflow.face.tracker import FaceTracker

    finder = FaceTracker()
    frames = [frame.copy() for frame in take.frames]
    for frame in frames[60:100]:
        mesh = finder.find(frame)[0].mesh_v3
        (x0, y0), (x1, y1) = mesh[[234, 2], :2].min(0).astype(int), mesh[[454, 152], :2].max(0).astype(int)
        frame[y0 + (y1 - y0) // 2 : y1 + 8, x0:x1] = frame[int(mesh[10, 1]) + 4, int(mesh[10, 0])]
    film(tmp_path / "hand.mp4", frames, take.wave)
    prepared(here, tmp_path / "hand.mp4", tmp_path / "out")
    covered = [v for v in journal(tmp_path / "out")[0]["verdicts"] if v["reason"] == "face covered"]
    assert len(covered) == 1
    assert covered[0]["start_s"] == pytest.approx(2.4, abs=0.1) and covered[0]["seconds"] == pytest.approx(1.6, abs=0.2)
