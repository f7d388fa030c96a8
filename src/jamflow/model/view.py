"""What the queries of one stream may see in one call: the predicate, and which keys exist.

Every way of computing attention starts from a View, so that all see the same: the dense mask and the gathered key
(`attention`), the band (`banded`), FlexAttention's mask (`flex`).

Shapes: B batch, Q queries, K keys, audio keys first, then motion keys.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from jamflow.model.attention import Stream, may_attend, own_frame
from jamflow.model.config import MaskRule


@dataclass(frozen=True)
class Axis:
    """The tokens of both streams in time, and by which rule they see each other. Token i of a stream is at i / rate seconds."""

    n_audio: int
    n_motion: int
    token_rate_hz: float
    motion_fps: float
    window_s: float
    device: torch.device
    mask: MaskRule = "both"

    def audio_s(self) -> Tensor:
        """(Ta,) seconds."""
        return torch.arange(self.n_audio, device=self.device, dtype=torch.float32) / self.token_rate_hz

    def motion_s(self) -> Tensor:
        """(Tm,) seconds."""
        return torch.arange(self.n_motion, device=self.device, dtype=torch.float32) / self.motion_fps

    def motion_alone(self) -> "Axis":
        """The same without the audio stream."""
        return replace(self, n_audio=0)


@dataclass(frozen=True)
class Gathered:
    """For audio queries. own: (Q,) index of their motion frames; see: (B or 1, Q) bool, whether those exist and may be seen;
    keys: (B, K) bool, audio keys that may be seen, None for all."""

    own: Tensor
    see: Tensor
    keys: Tensor | None


@dataclass(frozen=True)
class View:
    """The queries of `stream`. keep_bk: (B, K) bool, keys that the rows may see at all; None for all."""

    stream: Stream
    axis: Axis
    keep_bk: Tensor | None

    @property
    def queries(self) -> int:
        return self.axis.n_audio if self.stream == Stream.AUDIO else self.axis.n_motion

    @property
    def keys(self) -> int:
        return self.axis.n_audio + self.axis.n_motion

    def allowed(self, query: Tensor, key: Tensor) -> Tensor:
        """The predicate for indices of queries and keys, which broadcast."""
        n_audio, token_rate_hz, fps = self.axis.n_audio, self.axis.token_rate_hz, self.axis.motion_fps
        query_s = query / (token_rate_hz if self.stream == Stream.AUDIO else fps)
        key_stream = torch.where(key < n_audio, Stream.AUDIO.value, Stream.MOTION.value)
        key_s = torch.where(key < n_audio, key / token_rate_hz, (key - n_audio) / fps)
        stream = torch.full_like(query, self.stream.value)
        return may_attend(stream, query_s, key_stream, key_s, self.axis.window_s, fps, self.axis.mask)

    def is_itself(self, query: Tensor, key: Tensor) -> Tensor:
        """Whether a key is the query's own token."""
        return key == query + (0 if self.stream == Stream.AUDIO else self.axis.n_audio)

    def dense(self) -> Tensor:
        """(Q, K) or (B, 1, Q, K) bool."""
        query = torch.arange(self.queries, device=self.axis.device)[:, None]
        key = torch.arange(self.keys, device=self.axis.device)[None]
        mask = self.allowed(query, key)
        if self.keep_bk is None:
            return mask
        # A padded frame past the end has nothing in its window; it sees itself, so that softmax stays finite.
        return (mask & self.keep_bk[:, None] | self.is_itself(query, key))[:, None]

    def gathered(self) -> Gathered:
        """For audio queries: which motion key is their own. All audio keys that exist are seen."""
        axis = self.axis
        own = own_frame(axis.audio_s(), axis.motion_fps).long()
        see = (own < axis.n_motion)[None]
        own = own.clamp(max=axis.n_motion - 1)
        if self.keep_bk is None:
            return Gathered(own, see, None)
        return Gathered(own, see & self.keep_bk[:, axis.n_audio :][:, own], self.keep_bk[:, : axis.n_audio])
