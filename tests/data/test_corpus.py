"""The corpus on disk: what is added comes back, older shards load, and shards of another model are refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from jamflow.data.corpus import VERSION, Shard, ShardFacts, ShardWriter, non_commercial, refuse_other, shards
from jamflow.errors import UserError
from jamflow.mel_format import MelFormat

PHONES = [("_", 0.0, 0.1), ("ɑ", 0.1, 0.2)]


def write(folder: Path, facts: ShardFacts | None = None) -> Shard:
    """Two filmed utterances of 5 and 3 motion frames around one of sound alone."""
    rng = np.random.default_rng(0)
    writer = ShardWriter(folder, facts)
    for number, frames in enumerate((5, None, 3)):
        motion = None
        if frames is not None:
            motion = np.full((frames, 21, 3), number, np.float32), np.full((frames, 7), number + 0.5, np.float32)
        more = {"licence": "CC-BY-4.0", "bandwidth_hz": 8000.0} if number else {"words": [("ah", 0.1, 0.2)]}
        writer.add(rng.uniform(-1, 1, 4800).astype(np.float32), f"text {number}", "anna", PHONES, motion=motion, **more)
    writer.close()
    return Shard(folder)


def test_motion_and_pose_are_those_of_the_utterance(tmp_path: Path) -> None:
    shard = write(tmp_path / "one", ShardFacts(motion_space="mesh"))
    first, second, third = shard.utterances
    for utterance, frames, value in ((first, 5, 0.0), (third, 3, 2.0)):
        motion = shard.motion(utterance)
        assert motion is not None
        expression, pose = motion
        assert expression.shape == (frames, 21, 3) and (expression == value).all()
        assert pose.shape == (frames, 7) and (pose == value + 0.5).all()
    assert shard.motion(second) is None
    assert second.licence == "CC-BY-4.0" and second.bandwidth_hz == 8000 and first.bandwidth_hz is None
    assert [tuple(w) for w in first.words] == [("ah", 0.1, 0.2)]
    assert shard.facts == ShardFacts(VERSION, "mesh", MelFormat(), False)


def test_a_shard_of_before_has_sound_alone(tmp_path: Path) -> None:
    folder = write(tmp_path / "old").folder
    (folder / "shard.json").unlink()
    (folder / "motion.npy").unlink()
    old = [{k: json.loads(line)[k] for k in ("text", "voice", "first", "samples", "phones")} for line in lines(folder)]
    (folder / "utterances.jsonl").write_text("\n".join(map(json.dumps, old)) + "\n")
    shard = Shard(folder)
    assert shard.facts == ShardFacts() and shard.facts.motion_space is None
    assert all(u.motion is None and shard.motion(u) is None and u.words == [] for u in shard.utterances)
    refuse_other([shard], MelFormat(), "liveportrait")


def test_shards_of_another_model_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a", ShardFacts(motion_space="mesh"))
    write(tmp_path / "b", ShardFacts(motion_space="liveportrait"))
    refuse_other([Shard(tmp_path / "a")], MelFormat(), "mesh")
    with pytest.raises(UserError, match="b has motion of the space liveportrait, and the model's is mesh"):
        refuse_other(shards(tmp_path), MelFormat(), "mesh")
    with pytest.raises(UserError, match=r"a was made for sound at 24000 Hz.* and the model for sound at 16000 Hz"):
        refuse_other(shards(tmp_path), MelFormat(16000, 160, 640, 80), "mesh")


def test_one_marked_shard_marks_the_corpus(tmp_path: Path) -> None:
    write(tmp_path / "a")
    assert not non_commercial(shards(tmp_path))
    write(tmp_path / "b", ShardFacts(non_commercial=True))
    assert non_commercial(shards(tmp_path))


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "new").folder
    facts = json.loads((folder / "shard.json").read_text()) | {"version": VERSION + 1}
    (folder / "shard.json").write_text(json.dumps(facts))
    with pytest.raises(UserError, match="newer than this program"):
        Shard(folder)


def lines(folder: Path) -> list[str]:
    return (folder / "utterances.jsonl").read_text(encoding="utf-8").splitlines()
