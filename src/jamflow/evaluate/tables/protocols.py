"""What each table measures, on which rows and controls, and which judges it does without: data, no code."""

from dataclasses import dataclass
from typing import Literal

from jamflow.errors import UserError, listed

ControlName = Literal[
    "ground truth", "encoded again", "drawn again", "through mini's vocoder", "wrong sound", "sound late", "sound early", "still"
]
Judge = Literal["lips", "words", "quality", "voice", "picture", "clock"]


@dataclass(frozen=True)
class Measure:
    """One column.

    Attributes:
        title: of the column.
        better: which way is better.
        digits: behind the point.
        judge: who says it.
        about: one sentence for the page.
        of_set: it belongs to all clips together and cannot be taken of one.
    """

    title: str
    better: Literal["higher", "lower"]
    digits: int
    judge: Judge
    about: str
    of_set: bool = False


MEASURES: dict[str, Measure] = {
    "sync": Measure("sync", "higher", 3, "lips", "r of the lips that are seen and heard, as the clip plays"),
    "sync_best": Measure("sync, best lag", "higher", 3, "lips", "the same at the lag within 0.5 s where it is highest"),
    "sync_margin": Measure("margin", "higher", 3, "lips", "how much that is above the median over all lags (as LSE-C is made)"),
    "off_s": Measure("off, s", "lower", 3, "lips", "how far from 0 that lag is"),
    "face_distance": Measure(
        "face distance", "lower", 4, "picture", "Fréchet distance of faces; stands in for FID, and is none", of_set=True
    ),
    "motion_distance": Measure(
        "motion distance", "lower", 4, "picture", "the same of how faces change in 16 frames; stands in for FVD", of_set=True
    ),
    "likeness": Measure("likeness", "higher", 3, "picture", "shape, edges and colours of the head, result to reference"),
    "wer": Measure("WER", "lower", 3, "words", "word error rate, mean over clips (F5-TTS's way)"),
    "wer_corpus": Measure("WER, corpus", "lower", 3, "words", "all errors over all words (AlignDiT's way)", of_set=True),
    "voice": Measure("voice", "higher", 3, "voice", "cosine of voice embeddings; stands in for SIM-o and spkSIM"),
    "dnsmos": Measure("DNSMOS", "higher", 2, "quality", "overall quality, 1 to 5, at -26 dB; stands in for UTMOS"),
    "seconds": Measure("seconds", "lower", 2, "clock", "time that a clip took, as the table of pairs states it"),
    "per_second": Measure("seconds per second", "lower", 3, "clock", "that time over the length of the clip"),
}


DISTANCES = frozenset({"face_distance", "motion_distance"})
"""Fréchet distances of all clips of a row to their references."""


@dataclass(frozen=True)
class Foreign:
    """A judge of the paper that is not here: nothing is fetched, and its columns are left out."""

    columns: str
    judge: str
    licence: str
    size: str
    source: str


_SYNCNET = Foreign(
    "LSE-C, LSE-D",
    "SyncNet (syncnet_v2.model) and the S3FD face detector (sfd_face.pth)",
    "code MIT; none is stated for the weights",
    "about 55 MB and 90 MB",
    "robots.ox.ac.uk/~vgg/software/lipsync, as github.com/joonson/syncnet_python says",
)
_INCEPTION = Foreign(
    "FID", "Inception v3 (pt_inception-2015-12-05)", "Apache-2.0", "about 96 MB", "github.com/mseitzer/pytorch-fid, its releases"
)
_I3D = Foreign(
    "FVD",
    "I3D of Kinetics-400 (TorchScript)",
    "none is stated for the weights",
    "about 50 MB",
    "github.com/universome/stylegan-v",
)
_ARCFACE = Foreign(
    "ID",
    "ArcFace (buffalo_l, w600k_r50.onnx)",
    "NON-COMMERCIAL research only",
    "about 174 MB",
    "github.com/deepinsight/insightface",
)
_WAVLM = Foreign(
    "SIM-o, spkSIM",
    "WavLM-large with ECAPA-TDNN (wavlm_large_finetune.pth)",
    "UniSpeech: CC-BY-SA-3.0 for the repository",
    "about 1.3 GB",
    "github.com/microsoft/UniSpeech, downstreams/speaker_verification (Google Drive)",
)
_UTMOS = Foreign("UTMOS", "utmos22_strong", "MIT", "size not known here", "github.com/tarepan/SpeechMOS, v1.2.0")
_LARGE_WHISPER = Foreign(
    "WER as published",
    "Whisper large-v3 (here: Whisper base)",
    "MIT",
    "about 3 GB",
    "huggingface.co/Systran/faster-whisper-large-v3",
)


@dataclass(frozen=True)
class Protocol:
    """One table.

    Attributes:
        title: which table of the paper it is.
        measures: its columns, the most telling first: by that the worst clips are chosen.
        controls: rows that are made from the ground truth.
        foreign: judges of the paper that it does without.
        needs: columns of the pairs that must be filled in every row, besides `result`.
        moving: results are videos, and are judged frame by frame beside their reference.
        lips_hear: which sound the lips are judged by.
        voice_of: whose voice a result should have.
        notes: what a reader has to know.
    """

    name: str
    title: str
    measures: tuple[str, ...]
    controls: tuple[ControlName, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    needs: tuple[str, ...] = ()
    moving: bool = True
    lips_hear: Literal["result", "reference"] = "result"
    voice_of: Literal["prompt", "reference"] = "reference"
    notes: tuple[str, ...] = ()

    def judged_by(self, judge: Judge) -> bool:
        return any(MEASURES[name].judge == judge for name in self.measures)


_LIPS = ("sync", "sync_best", "sync_margin", "off_s")
_FILMED: tuple[ControlName, ...] = (
    "ground truth",
    "encoded again",
    "drawn again",
    "wrong sound",
    "sound late",
    "sound early",
    "still",
)
_LISTENS = "Whisper base hears English only; it makes more errors than large-v3, so compare with the row of the ground truth."
SHIFT_S = 0.2
"""How late and early the sound is in the control rows."""

PROTOCOLS: dict[str, Protocol] = {
    table.name: table
    for table in (
        Protocol(
            "hdtf",
            "Table 1: talking heads (HDTF)",
            (*_LIPS, "likeness", "face_distance", "motion_distance"),
            _FILMED,
            (_SYNCNET, _INCEPTION, _I3D, _ARCFACE),
            needs=("reference",),
            notes=("Compare only results of one kind: what keeps the filmed head and background (V2V) is nearer than any I2V.",),
        ),
        Protocol(
            "librispeech",
            "Table 2: speech from text (LibriSpeech-PC)",
            ("wer", "wer_corpus", "voice", "dnsmos"),
            ("ground truth", "through mini's vocoder", "wrong sound"),
            (_LARGE_WHISPER, _WAVLM, _UTMOS),
            needs=("text",),
            moving=False,
            voice_of="prompt",
            notes=(_LISTENS, "The voice is compared with the prompt (as SIM-o), where a row has one."),
        ),
        Protocol(
            "celebv-dub",
            "Table 3: dubbing (CelebV-Dub)",
            (*_LIPS, "wer", "wer_corpus", "voice", "dnsmos"),
            _FILMED,
            (_SYNCNET, _LARGE_WHISPER, _WAVLM),
            needs=("reference", "text"),
            notes=(_LISTENS, "The voice is compared with the reference's (setting 1), not with a prompt: it is no SIM-o."),
        ),
        Protocol(
            "ablation",
            "Table 4: ablations",
            (*_LIPS, "face_distance", "wer", "wer_corpus", "voice"),
            _FILMED,
            (_SYNCNET, _INCEPTION, _LARGE_WHISPER, _WAVLM),
            needs=("reference", "text"),
            lips_hear="reference",
            voice_of="prompt",
            notes=(
                "As in the paper, lips are judged by the ground-truth sound; words and voice by the sound of the column speech "
                "(or the result's own).",
                _LISTENS,
            ),
        ),
        Protocol(
            "speed",
            "Appendix A.4: speed",
            ("per_second", "seconds"),
            needs=("seconds",),
            moving=False,
            notes=(
                "Times are as the table of pairs states them; name the processor where you report them. There are no controls.",
            ),
        ),
    )
}


def protocol(name: str) -> Protocol:
    """The table of this name.

    Raises:
        UserError: there is none.
    """
    if name not in PROTOCOLS:
        raise UserError(f"There is no table {name!r}.", f"Use {listed(PROTOCOLS, 'or')}.")
    return PROTOCOLS[name]
