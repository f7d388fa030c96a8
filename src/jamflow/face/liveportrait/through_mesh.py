"""LivePortrait's pictures for a model whose motion is the face mesh's.

The mesh draws the same portrait or video first, and LivePortrait's motion extractor sees in that drawing how the face moves. So
no map between the two motion spaces has to be fitted, and whatever the mesh can do (blinks, nods, a fainter smile) arrives.

Shapes: N frames, K key points (21), H, W of the picture.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice

import numpy as np
from torch import Tensor

from jamflow.face.face_video import FaceVideo
from jamflow.face.idle import IdleMotion
from jamflow.face.liveportrait.renderer import LivePortraitPicture, LivePortraitRenderer
from jamflow.face.liveportrait.video_picture import LivePortraitVideo
from jamflow.face.mesh.renderer import MeshPicture, MeshRenderer
from jamflow.face.mesh.space import MESH_SPACE
from jamflow.face.mesh.video_picture import MeshVideo
from jamflow.face.motion import Motion, Transfer
from jamflow.face.tracker import Face

_AS_IT_IS = Transfer()


class ThroughMesh:
    """See `Renderer`. Takes motion of the face mesh and draws with LivePortrait."""

    space = MESH_SPACE

    def __init__(self, mesh: MeshRenderer, liveportrait: LivePortraitRenderer):
        self._mesh, self._liveportrait = mesh, liveportrait

    def idle(self, fps: Fraction, rng: np.random.Generator) -> IdleMotion:
        return self._mesh.idle(fps, rng)

    def prepare(self, rgb: np.ndarray, face: Face, others: Sequence[Face] = ()) -> "ThroughMeshPicture":
        return ThroughMeshPicture(self._mesh.prepare(rgb, face, others), self._liveportrait.prepare(rgb, face, others))

    def prepare_video(self, video: FaceVideo) -> "ThroughMeshVideo":
        return ThroughMeshVideo(video, self._mesh.prepare_video(video), self._liveportrait.prepare_video(video))


class ThroughMeshPicture:
    """See `Picture`."""

    space = MESH_SPACE
    times_s: None = None

    def __init__(self, mesh: MeshPicture, drawing: LivePortraitPicture):
        self._mesh, self._drawing = mesh, drawing
        self.size, self.warnings = mesh.size, mesh.warnings
        self.speaking, self.clue = mesh.speaking, mesh.clue

    def draw(self, motion: Motion, how: Transfer = _AS_IT_IS, first: int = 0) -> Iterator[Tensor]:
        """See `Picture`. `how` says what the mesh does; LivePortrait follows what it sees, relative to the portrait."""
        guides = (guide for batch in self._mesh.draw(motion, how, first) for guide in batch.numpy())
        while batch := list(islice(guides, self._drawing.batch_frames)):
            yield from self._drawing.draw(self._drawing.motion_in(batch, motion.fps))


class ThroughMeshVideo:
    """See `Picture`. A frame that the mesh leaves as filmed stays so."""

    space = MESH_SPACE

    def __init__(self, film: FaceVideo, mesh: MeshVideo, drawing: LivePortraitVideo):
        self._film, self._mesh, self._drawing = film, mesh, drawing
        self.size, self.times_s, self.warnings = mesh.size, mesh.times_s, mesh.warnings
        self.speaking, self.clue = mesh.speaking, mesh.clue

    def draw(self, motion: Motion, how: Transfer = _AS_IT_IS, first: int = 0) -> Iterator[Tensor]:
        """See `Picture`. `how` is ignored: it is for portraits."""
        shown = self._film.shown_n[first : first + len(motion)].tolist()
        guides = (guide for batch in self._mesh.draw(motion, how, first) for guide in batch.numpy())
        pairs = zip(shown, self._film.frames(shown), guides, strict=True)
        yield from self._drawing.repaint((k, rgb, self._drawing.change(k, rgb, guide)) for k, rgb, guide in pairs)
