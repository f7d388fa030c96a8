"""LivePortrait as a renderer: warps a portrait's features to driving key points, draws them and pastes them into the picture.

Shapes: N, T frames, K key points (21), H, W of the picture.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
import torch
from torch import Tensor

from jamflow.errors import UserError
from jamflow.face.canonical import load_canonical
from jamflow.face.channels import join, split
from jamflow.face.face_video import FaceVideo
from jamflow.face.liveportrait.checkpoint import LivePortraitNetworks
from jamflow.face.liveportrait.crop import crop, eye_ratios, face_box, lip_ratio
from jamflow.face.liveportrait.landmarks import LandmarkSource, from_mesh
from jamflow.face.liveportrait.motion import Adjustments, Frames, adjust, transfer
from jamflow.face.liveportrait.motion_extractor import KeyPointMotion
from jamflow.face.liveportrait.paste import PasteBack, prepare_paste
from jamflow.face.liveportrait.runner import Runner
from jamflow.face.liveportrait.space import LIVEPORTRAIT_SPACE, anchor_of, frames_in, frames_of, resting
from jamflow.face.liveportrait.video_picture import LivePortraitVideo
from jamflow.face.motion import Motion, MotionSpace, Transfer
from jamflow.face.outline import Outline, apart
from jamflow.face.tracker import Face

_CROP_PX = 512
_AS_IT_IS = Transfer()


@dataclass(frozen=True)
class Options:
    """Adjustments of the key points after motion transfer.

    stitching: keep the shoulders in place.
    eyes, lips: retarget their opening to that of the driving face. With relative transfer, nothing else of the motion is then
        applied, as in the official code.
    close_lips: first shut lips that are open in the portrait.
    """

    stitching: bool = True
    eyes: bool = False
    lips: bool = False
    close_lips: bool = False


class LivePortraitRenderer:
    """See `Renderer`. Only the crop that the networks see is drawn; the rest of a frame is the picture's."""

    def __init__(
        self,
        networks: LivePortraitNetworks,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        options: Options | None = None,
        landmarks: LandmarkSource = from_mesh,
        space: MotionSpace = LIVEPORTRAIT_SPACE,
        batch_frames: int | None = None,
    ):
        """Moves the networks to the device.

        Args:
            networks: from `load_networks`.
            device: where frames are drawn.
            dtype: precision of the four large networks; the official code uses float16 on a GPU.
            options: None is the official default.
            landmarks: source of the landmarks for the crop.
            space: says which key points are the mouth; drawing does not depend on it.
            batch_frames: frames per batch; None is a default for the device.
        """
        self._runner = Runner(networks, torch.device(device), dtype)
        self._options = options or Options()
        self._landmarks = landmarks
        self._batch_frames = batch_frames or self._runner.batch_frames
        self.space = space

    def idle(self, fps: Fraction, rng: np.random.Generator) -> None:
        """None: as in the paper's animations of a picture, head and eyes stay still."""

    def prepare_video(self, video: FaceVideo) -> LivePortraitVideo:
        """See `Renderer`. Options do not apply: in a video only the mouth's key points move."""
        return LivePortraitVideo(video, self.space, self._runner, self._batch_frames)

    @torch.inference_mode()
    def prepare(self, rgb: np.ndarray, face: Face, others: Sequence[Face] = ()) -> "LivePortraitPicture":
        landmarks = self._landmarks(rgb, face)
        to_crop = face_box(landmarks).matrix(_CROP_PX)
        seen = _seen(rgb, to_crop)
        m = self._runner.motion(seen[None])
        return LivePortraitPicture(
            self.space,
            self._runner,
            self._options,
            self._batch_frames,
            self._runner.features(seen[None]),
            m,
            frames_in(m),
            landmarks,
            to_crop,
            prepare_paste(rgb, to_crop, _CROP_PX, self._runner.device, _belongs(face, others)),
        )


class LivePortraitPicture:
    """See `Picture`."""

    warnings: tuple[str, ...] = ()
    times_s: None = None

    def __init__(
        self,
        space: MotionSpace,
        runner: Runner,
        options: Options,
        batch_frames: int,
        feature: Tensor,
        seen: KeyPointMotion,
        source: Frames,
        landmarks_n2: np.ndarray,
        to_crop_33: np.ndarray,
        paste: PasteBack,
    ):
        self.space = space
        self._runner, self._options, self.batch_frames = runner, options, batch_frames
        self._feature, self._seen, self._source = feature, seen, source
        self._landmarks_n2, self._to_crop_33, self._paste = landmarks_n2, to_crop_33, paste
        height, width, _ = paste.picture_hw3.shape
        self.size = (width, height)

    @property
    def clue_c(self) -> np.ndarray:
        return split(self._source.expression_tk3.cpu().numpy(), self.space)[1][0]

    def clue(self, first: int, count: int, fps: Fraction) -> np.ndarray:
        return np.broadcast_to(self.clue_c, (count, len(self.clue_c)))

    def speaking(self, mouth_tm: np.ndarray, fps: Fraction) -> Motion:
        """The portrait's own motion with a new mouth."""
        count = len(mouth_tm)
        clue_tc = self.clue(0, count, fps)
        rest = resting(self._seen)
        return Motion(
            join(mouth_tm, clue_tc, self.space),
            np.tile(rest.rotation_3, (count, 1)),
            np.tile(rest.translation_3, (count, 1)),
            np.full(count, rest.scale, np.float32),
            fps,
            rest,
        )

    @torch.inference_mode()
    def motion_in(self, drawings: Sequence[np.ndarray], fps: Fraction) -> Motion:
        """The motion that is seen in other drawings (H, W, 3) of this portrait, which is their rest."""
        m = self._runner.motion(np.stack([_seen(rgb, self._to_crop_33) for rgb in drawings]))
        angles = torch.stack([m.pitch_b, m.yaw_b, m.roll_b], dim=-1)
        values = (m.expression_bk3, angles, m.translation_b3, m.scale_b1[:, 0])
        expression, rotation, translation, scale = (x.float().cpu().numpy() for x in values)
        return Motion(expression, rotation, translation, scale, fps, resting(self._seen))

    @torch.inference_mode()
    def draw(self, motion: Motion, how: Transfer = _AS_IT_IS, first: int = 0) -> Iterator[Tensor]:
        """See `Picture`. Raises UserError if eyes or lips are to be retargeted and the motion has no openings for them."""
        source_1k3, driving_tk3 = self._source.keypoints(), self.driving_points(motion, how)
        for driving in driving_tk3.split(self.batch_frames):
            yield self._paste(self._runner.draw(self._feature, driving, source_1k3))

    @torch.inference_mode()
    def driving_points(self, motion: Motion, how: Transfer = _AS_IT_IS) -> Tensor:
        """(T, K, 3) driving key points of the warp."""
        canonical = self._source.canonical_tk3[0]
        anchor = anchor_of(motion.rest, canonical) if how.relative else None
        moved = transfer(self._source, frames_of(motion, canonical), how, anchor)
        return adjust(self._source.keypoints(), moved.keypoints(), how, self._adjustments(motion))

    def _adjustments(self, motion: Motion) -> Adjustments:
        options, networks = self._options, self._runner.networks
        return Adjustments(
            stitching=networks.stitching if options.stitching else None,
            eye=networks.eye if options.eyes else None,
            lip=networks.lip if options.lips else None,
            eye_ratios_t3=self._wanted(eye_ratios(self._landmarks_n2), motion.eyes_t2) if options.eyes else None,
            lip_ratios_t2=self._wanted(lip_ratio(self._landmarks_n2), motion.lips_t1) if options.lips else None,
            close_lips=(networks.lip, float(lip_ratio(self._landmarks_n2)[0])) if options.close_lips else None,
        )

    def _wanted(self, own: np.ndarray, driving: np.ndarray | None) -> Tensor:
        """The portrait's openings and the driving face's; of its eyes only the left one, for which the network was trained."""
        if driving is None:
            raise UserError(
                "The driving motion does not tell how far eyes and lips are open.", "Drive with a video, or without retargeting."
            )
        both = np.concatenate([np.broadcast_to(own, (len(driving), len(own))), driving[:, :1]], axis=1)
        return torch.from_numpy(both.astype(np.float32)).to(self._runner.device)


def _seen(rgb: np.ndarray, to_crop_33: np.ndarray) -> np.ndarray:
    """(256, 256, 3) uint8 input for the feature and motion extractors."""
    return cv2.resize(crop(rgb, to_crop_33, _CROP_PX), (256, 256), interpolation=cv2.INTER_AREA)


def _belongs(face: Face, others: Sequence[Face]) -> Callable[[np.ndarray], np.ndarray]:
    """(N,) shares of points that may change: 0 on other people."""
    canonical = load_canonical()
    own, *beside = (Outline.of(one, canonical) for one in (face, *others))
    return lambda points_n2: apart(points_n2, own, beside)
