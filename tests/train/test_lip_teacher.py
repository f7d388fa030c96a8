"""The teacher of lips: what it reads of Whisper's states, that it learns, and what it leaves beside a shard."""

import numpy as np
import pytest
import torch

from jamflow.data.corpus import Shard, ShardFacts, ShardWriter
from jamflow.data.features import lips_frames
from jamflow.data.lip_teacher import STATE, LipTeacher, LipTeacherConfig, around, load_lip_teacher, teach_lips
from jamflow.train.lip_teacher import LipClip, LipTeacherTraining, train_lip_teacher


def clip(rng: np.random.Generator, voice: str = "a", frames: int = 80) -> LipClip:
    """Lips whose opening follows one direction of the states."""
    opening = np.repeat(rng.uniform(0, 1, frames // 4 + 1), 4)[:frames]
    states = rng.standard_normal((2 * frames, STATE)) * 0.2
    states[:, :100] += np.repeat(opening, 2)[:, None]
    lips = np.zeros((frames, 18), np.float32)
    lips[:, 3 * 3 + 1] = -opening
    return LipClip(voice, states.astype(np.float16), lips)


def test_a_frame_reads_the_states_around_its_own_time():
    states = np.zeros((100, STATE), np.float16)
    states[40, 7] = 1.0  # at 0.8 s
    read = around(states, 50).reshape(50, 4, STATE)[..., 7]
    assert [k for k in range(50) if read[k, 1] > 1] == [20]
    assert read[20, 0] < 1 and read[20, 2] < 1
    early = around(states, 50, lead_s=0.04).reshape(50, 4, STATE)[..., 7]
    assert [k for k in range(50) if early[k, 1] > 1] == [19]


def test_it_learns_from_people_and_comes_back_from_its_file(tmp_path):
    rng = np.random.default_rng(0)
    clips = [clip(rng, voice) for voice in "aaaaaabb" for _ in range(4)]
    path = train_lip_teacher(clips, tmp_path, LipTeacherTraining(steps=120, batch=8, frames=40, held=8))
    teacher = load_lip_teacher(path)
    unseen = clip(rng)
    made = teacher.lips(unseen.states_nd, 80, lead_s=0.0)
    assert np.corrcoef(made[:, 10], unseen.lips_tc[:, 10])[0, 1] > 0.8
    assert made[:, 10].std() == pytest.approx(unseen.lips_tc[:, 10].std(), rel=0.4)  # in cm, not in units of their spread
    later = teacher.lips(unseen.states_nd, 80, lead_s=0.04)
    assert later[20:60, 10] == pytest.approx(made[21:61, 10], abs=1e-4)


class Ears:
    """States that say how many samples there were."""

    def states(self, recordings, sample_rate_hz):
        assert sample_rate_hz == 24000
        return [np.full((len(r) // 480 + 1, STATE), len(r), np.float16) for r in recordings]


FILMED = np.zeros((25, 39, 3), np.float32), np.zeros((25, 7), np.float32)


def test_a_shard_of_filmed_people_needs_no_lips(tmp_path):
    writer = ShardWriter(tmp_path / "s", ShardFacts(motion_space="mesh"))
    writer.add(np.zeros(24000, np.float32), "", "v", [], motion=FILMED)
    writer.close()
    assert teach_lips(Shard(tmp_path / "s"), LipTeacher(LipTeacherConfig()).eval(), Ears()) is None  # type: ignore[arg-type]
    assert not (tmp_path / "s" / "lips.npy").exists()


def test_every_utterance_of_a_shard_gets_its_lips(tmp_path):
    """Also of one in which somebody was filmed: rows are found by what comes before them."""
    writer = ShardWriter(tmp_path / "s", ShardFacts(motion_space="mesh"))
    writer.add(np.zeros(24000, np.float32), "", "v", [], motion=FILMED)
    writer.add(np.zeros(30001, np.float32), "", "v", [])
    writer.close()
    shard = Shard(tmp_path / "s")
    teacher = LipTeacher(LipTeacherConfig()).eval()
    path = teach_lips(shard, teacher, Ears())  # type: ignore[arg-type]
    lips = np.load(path)
    assert lips.shape == (lips_frames(24000, 24000) + lips_frames(30001, 24000), 18) == (25 + 32, 18)
    before = path.stat().st_mtime_ns
    torch.nn.init.ones_(teacher.out.bias)
    teach_lips(shard, teacher, Ears())  # type: ignore[arg-type]
    assert path.stat().st_mtime_ns == before  # what is there is kept
