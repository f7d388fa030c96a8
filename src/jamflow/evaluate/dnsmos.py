"""DNSMOS overall: speech quality from 1 to 5 by Microsoft's P.835 model (package speechmos)."""

import numpy as np

from jamflow.extras import extra_folder, import_extra

_HEARS_HZ = 16000


def normalise_level(speech: np.ndarray, sample_rate_hz: int, level_dbfs: float = -26.0) -> np.ndarray:
    """Scale speech so that its active parts have an RMS of ``level_dbfs`` (0 dBFS is an RMS of 1).

    Active are the 20 ms frames within 40 dB of the loudest, so pauses do not change the level. If peaks would then exceed 1, the
    level is lowered. Silence is returned unchanged. DNSMOS varies with level by some tenths; -26 dB is the usual level of speech
    databases.
    """
    frame = sample_rate_hz // 50
    whole = len(speech) // frame * frame
    power = np.square(speech[:whole].astype(np.float64)).reshape(-1, frame).mean(1)
    if not power.size or power.max() == 0.0:
        return speech
    rms = np.sqrt(power[power >= power.max() * 1e-4].mean())
    gain = min(10 ** (level_dbfs / 20) / rms, 1.0 / np.abs(speech).max())
    return (speech * gain).astype(np.float32)


class Dnsmos:
    """The model, loaded once.

    Raises:
        UserError: speechmos (or one of librosa, onnxruntime, requests, which it needs) is not installed.
    """

    def __init__(self) -> None:
        models = extra_folder("speechmos") / "dnsmos_models"
        engine = import_extra("speechmos.dnsmos").DNSMOS
        self._model = engine(str(models / "sig_bak_ovr.onnx"), str(models / "model_v8.onnx"))

    def overall(self, speech: np.ndarray, sample_rate_hz: int) -> float:
        """Score, 1 to 5, of ``speech`` (n,) in [-1, 1] after level normalisation; short sound is repeated to 9 s.

        Raises:
            ValueError: ``speech`` is silent.
        """
        import soxr

        if not np.any(speech):
            raise ValueError("silence has no quality")
        heard = soxr.resample(speech.astype(np.float32), sample_rate_hz, _HEARS_HZ)
        heard = np.clip(normalise_level(heard, _HEARS_HZ), -1.0, 1.0)
        return float(self._model(heard, _HEARS_HZ, False)["ovrl_mos"])
