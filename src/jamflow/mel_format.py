"""How a model's sound is sampled and cut into mel frames. A checkpoint carries it; everything that touches sound is told it."""

from dataclasses import dataclass
from fractions import Fraction

from jamflow.errors import UserError


@dataclass(frozen=True)
class MelFormat:
    """The sound and the log mel spectrograms of one model. The defaults are F5-TTS's, which `mini` shares.

    Attributes:
        sample_rate_hz: of the waveform.
        hop: samples from one mel frame to the next.
        n_fft: samples that one mel frame is computed from.
        bands: mel bands of a frame.
    """

    sample_rate_hz: int = 24_000
    hop: int = 256
    n_fft: int = 1024
    bands: int = 100

    @property
    def frame_rate_hz(self) -> float:
        """Mel frames per second."""
        return self.sample_rate_hz / self.hop

    @property
    def frame_s(self) -> Fraction:
        """From one mel frame to the next, for clocks that must not drift."""
        return Fraction(self.hop, self.sample_rate_hz)

    def refuse_other(self, what: str, other: "MelFormat") -> None:
        """Check that a part of this model, such as its vocoder, has the same format.

        Args:
            what: how the message calls the part.
            other: the part's format.

        Raises:
            UserError: the formats differ.
        """
        if other != self:
            raise UserError(
                f"{what} was made for {other}, and the model for {self}.", "Use files that were trained with the same mel format."
            )

    def __str__(self) -> str:
        return f"sound at {self.sample_rate_hz} Hz with hop {self.hop}, FFT size {self.n_fft} and {self.bands} mel bands"
