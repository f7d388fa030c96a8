"""What a row of `base`'s training is shown, and what it must generate (JAM-Flow sections 4.3, 4.6, appendix C).

As in `train.regimes`, a row is of one kind: null, alone, together, animate or dub. Of each stream that is generated, a span in
the middle is hidden and the rest is given, or nothing is given (F5-TTS's masks; the paper has the same for motion). Text has no
timing. Every row draws for itself, with random numbers that depend on the seed and the batch's number alone.

Shapes: B rows, A audio tokens, T motion frames, C channels.
"""

import torch
from torch import Tensor

from jamflow.flow.objective import on_path, random_span
from jamflow.model.config import JointConfig
from jamflow.model.joint import Visibility
from jamflow.model.normalise import Normaliser
from jamflow.model.streams import AudioInput, MotionInput
from jamflow.train.base.clips import ClipBatch
from jamflow.train.base.recipe import Rows
from jamflow.train.regimes import KINDS, Regimes, Row, draw_kinds


def show(batch: ClipBatch, rows: Rows, config: JointConfig, normaliser: Normaliser, seed: int) -> Row:
    """Draw a kind for every row and build the model's inputs, on the CPU. The loss counts what a row does not see, no padding."""
    generator = torch.Generator().manual_seed((seed * 1_000_003 + batch.number) % 2**63)
    count = len(batch.names)

    def chance(p: float) -> Tensor:
        return torch.rand(count, generator=generator) < p

    shares = Regimes(rows.drop_all, rows.drop_other, rows.together, rows.animate, rows.dub)
    kind = draw_kinds(shares, torch.rand(count, generator=generator), batch.text_b, batch.lips_b)
    null, _, together, animate, dub = (kind == i for i in range(len(KINDS)))

    given_a = _given(batch.audio_valid_ba, rows, chance(rows.drop_context), generator)
    given_m = _given(batch.motion_valid_bt, rows, chance(rows.drop_context), generator)
    given_a[animate], given_m[dub] = batch.audio_valid_ba[animate], batch.motion_valid_bt[dub]
    given_m &= batch.lips_b[:, None]
    given_a[null], given_m[null] = False, False

    mel, mouth = normaliser.mel(batch.mel_bac), normaliser.mouth(batch.mouth_btc)
    time = torch.rand(2, count, generator=generator)
    time_a, time_m = time[0], torch.where(chance(rows.same_time), time[0], time[1])
    time_a, time_m = time_a.masked_fill(animate, 1.0), time_m.masked_fill(dub, 1.0)
    noise_a = torch.randn(mel.shape, generator=generator)
    noise_m = torch.randn(mouth.shape, generator=generator)
    drop_text = torch.where(animate, chance(rows.drop_text_animate), chance(rows.drop_text))
    drop_text |= (dub & chance(rows.drop_text_dub)) | null | ~batch.text_b
    audio = AudioInput(
        x_btc=on_path(noise_a, mel, time_a),
        context_btc=mel * given_a[..., None],
        time_b=time_a,
        tokens_bn=batch.text_bn,
        drop_text_b=drop_text,
        drop_context_b=null,
        valid_bt=batch.audio_valid_ba,
    )
    motion = MotionInput(
        x_btc=on_path(noise_m, mouth, time_m),
        context_btc=mouth * given_m[..., None],
        given_bt=given_m,
        clue_btc=normaliser.clue(batch.clue_btc),
        time_b=time_m,
        drop_clue_b=chance(rows.drop_clue) | null | ~batch.lips_b,
        drop_context_b=null,
        valid_bt=batch.motion_valid_bt,
    )
    return Row(
        audio=audio,
        motion=motion,
        visibility=Visibility(audio_sees_motion_b=together | dub, motion_sees_audio_b=together | animate),
        audio_noise=noise_a,
        audio_data=mel,
        audio_generated=batch.audio_valid_ba & ~given_a,
        audio_known=torch.ones(count, mel.shape[-1], dtype=torch.bool),
        motion_noise=noise_m,
        motion_data=mouth,
        motion_generated=batch.motion_valid_bt & ~given_m & batch.lips_b[:, None],
        kind_b=kind,
        phonemes_ba=torch.full(mel.shape[:2], -1),
    )


def _given(valid_bt: Tensor, rows: Rows, nothing_b: Tensor, generator: torch.Generator) -> Tensor:
    """(B, T) bool: all but a span of each row; or nothing."""
    given = valid_bt.clone()
    for b, length in enumerate(valid_bt.sum(1).tolist()):
        start, end = random_span(length, *rows.span, generator)
        given[b, start:end] = False
    given[nothing_b] = False
    return given
