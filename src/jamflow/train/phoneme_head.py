"""A head that reads phonemes off the speech stream while the model trains, and is thrown away afterwards.

The motion stream sees speech in the joint blocks alone. What they make of a recording should be what is said, not who says it
and in which room: after the last joint block, a linear layer has to tell the phoneme of every audio token. It is asked where the
model hears degraded speech and is shown no text (rows of the kind `animate`), and where the phonemes are known.

Shapes: B rows, A audio tokens, D width.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from jamflow.flow.objective import mean_where
from jamflow.model.block import DiTBlock, Heads
from jamflow.model.config import AudioConfig
from jamflow.model.joint import BlockCode, JointModel


class PhonemeHead(nn.Module):
    """Hidden state of the speech stream (B, A, D) to scores of symbols (B, A, symbols)."""

    def __init__(self, config: AudioConfig):
        super().__init__()
        self.norm = nn.LayerNorm(config.dim)
        self.out = nn.Linear(config.dim, config.text_vocab)

    def forward(self, hidden_bad: Tensor) -> Tensor:
        return self.out(self.norm(hidden_bad.float()))

    def loss(self, hidden_bad: Tensor, phonemes_ba: Tensor) -> Tensor:
        """Mean cross-entropy in nats over the tokens whose phoneme is not -1; zero if there are none."""
        asked = phonemes_ba >= 0
        error = F.cross_entropy(self(hidden_bad).transpose(1, 2), phonemes_ba.clamp(min=0), reduction="none")
        return mean_where(error, asked)


class Listener:
    """Keeps what the speech stream of a model is after its last joint block, (B, A, D), when a plan with `code` runs."""

    def __init__(self, model: JointModel):
        self._block = model.audio.block(max(1, model.config.joint_depth) - 1)
        self.hidden_bad: Tensor | None = None
        self.code = BlockCode(finish=self._finish)

    def _finish(self, block: DiTBlock, x_btd: Tensor, heads: Heads, attended_bti: Tensor, valid_bt: Tensor | None) -> Tensor:
        out = block.finish(x_btd, heads, attended_bti, valid_bt)
        if block is self._block:
            self.hidden_bad = out
        return out
