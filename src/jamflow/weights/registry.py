"""Official weights of other projects that `base` uses: what they are, where they come from, under which licence."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jamflow.errors import UserError
from jamflow.weights.digest import sha256_of


@dataclass(frozen=True)
class Published:
    """A file that its authors publish on the Hugging Face hub.

    Attributes:
        purpose: what it is used for.
        commercial: whether the licence allows commercial use.
        bytes, sha256: of the file; None if they are not pinned.
    """

    name: str
    repository: str
    file: str
    purpose: str
    licence: str
    commercial: bool
    bytes: int | None = None
    sha256: str | None = None

    @property
    def revision(self) -> str:
        """The commit of the repository that the file is downloaded from."""
        return _REVISIONS.get(self.repository, "main")


_F5, _LP = "SWivid/F5-TTS", "KwaiVGI/LivePortrait"
# The commits that are downloaded from: what a repository holds tomorrow is another matter.
_REVISIONS = {
    _F5: "84e5a410d9cead4de2f847e7c9369a6440bdfaca",
    _LP: "82a4fa6735ca58432b6ce39301b4b9ee066dea47",
    "charactr/vocos-mel-24khz": "0feb3fdd929bcd6649e0e7c5a688cf7dd012ef21",
}


def _f5(name: str, file: str, purpose: str, size: int | None, sha256: str | None) -> Published:
    return Published(name, _F5, file, purpose, "CC-BY-NC-4.0", False, size, sha256)


def _liveportrait(name: str, file: str, purpose: str, size: int, sha256: str) -> Published:
    return Published(name, _LP, f"liveportrait/{file}", purpose, "MIT", True, size, sha256)


def _insightface(name: str, file: str, purpose: str, size: int, sha256: str) -> Published:
    path = f"insightface/models/buffalo_l/{file}"
    return Published(name, _LP, path, purpose, "InsightFace model licence", False, size, sha256)


PUBLISHED = (
    _f5(
        "f5-v1-base",
        "F5TTS_v1_Base/model_1250000.safetensors",
        "speech (Audio-DiT), F5TTS_v1_Base",
        1348435761,
        "670900fd14e6c458b95da6e9ed317cdb20dbaf7a1c02ac06a05475a9d32b6a38",
    ),
    _f5(
        "f5-base",
        "F5TTS_Base/model_1200000.safetensors",
        "speech (Audio-DiT), F5TTS_Base (the older one)",
        None,
        "4180310f91d592cee4bc14998cd37c781f779cf105e8ca8744d9bd48ca7046ae",
    ),
    Published(
        "vocos",
        "charactr/vocos-mel-24khz",
        "pytorch_model.bin",
        "mel spectrogram to sound",
        "MIT",
        True,
        54365991,
        "97ec976ad1fd67a33ab2682d29c0ac7df85234fae875aefcc5fb215681a91b2a",
    ),
    _liveportrait(
        "liveportrait-appearance",
        "base_models/appearance_feature_extractor.pth",
        "picture to features",
        3387959,
        "5279bb8654293dbdf327030b397f107237dd9212fb11dd75b83dfb635211ceb5",
    ),
    _liveportrait(
        "liveportrait-motion",
        "base_models/motion_extractor.pth",
        "picture to pose and expression",
        112545506,
        "251e6a94ad667a1d0c69526d292677165110ef7f0cf0f6d199f0e414e8aa0ca5",
    ),
    _liveportrait(
        "liveportrait-warping",
        "base_models/warping_module.pth",
        "features from key points to key points",
        182180086,
        "2f61a6f265fe344f14132364859a78bdbbc2068577170693da57fb96d636e282",
    ),
    _liveportrait(
        "liveportrait-generator",
        "base_models/spade_generator.pth",
        "features to picture",
        221813590,
        "4780afc7909a9f84e24c01d73b31a555ef651521a1fe3b2429bd04534d992aee",
    ),
    _liveportrait(
        "liveportrait-retargeting",
        "retargeting_models/stitching_retargeting_module.pth",
        "stitching, eyes and lips",
        2393098,
        "3652d5a3f95099141a56986aaddec92fadf0a73c87a20fac9a2c07c32b28b611",
    ),
    Published(
        "landmark-203",
        _LP,
        "liveportrait/landmark.onnx",
        "face landmarks as LivePortrait's own; the face mesh does without",
        "MIT",
        True,
        114666491,
        "31d22a5041326c31f19b78886939a634a5aedcaa5ab8b9b951a1167595d147db",
    ),
    _insightface(
        "insightface-detector",
        "det_10g.onnx",
        "faces, as LivePortrait's authors find them",
        16923827,
        "5838f7fe053675b1c7a08b633df49e7af5495cee0493c7dcf6697200b85b5b91",
    ),
    _insightface(
        "insightface-landmarks",
        "2d106det.onnx",
        "106 landmarks of a face; the face mesh does without",
        5030888,
        "f001b856447c413801ef5c42091ed0cd516fcd21f2d6b79635b1e733a7109dbf",
    ),
)

GROUPS: dict[str, tuple[str, ...]] = {
    "f5": ("f5-v1-base", "vocos"),
    "f5-v0": ("f5-base", "vocos"),
    "liveportrait": tuple(p.name for p in PUBLISHED if p.name.startswith("liveportrait-")),
    "insightface": ("insightface-detector", "insightface-landmarks"),
}

State = Literal["present", "missing", "damaged", "unverified"]


def may_be_sold(file: Path) -> bool:
    """False for a published file whose licence forbids commercial use, whatever its name; True for others, also unknown ones."""
    size = file.stat().st_size
    alike = [p for p in PUBLISHED if p.bytes == size and not p.commercial]
    return not alike or sha256_of(file) not in {p.sha256 for p in alike}


def find(name: str) -> list[Published]:
    """The files of a name or of a group (`f5`, `f5-v0`, `liveportrait`).

    Raises:
        UserError: there is no such name.
    """
    wanted = GROUPS.get(name, (name,))
    found = [p for p in PUBLISHED if p.name in wanted]
    if not found:
        known = ", ".join([*GROUPS, *(p.name for p in PUBLISHED)])
        raise UserError(f"There are no weights called {name!r}.", f"Known are {known}.")
    return found
