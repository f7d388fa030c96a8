"""Loads renderers and trackers by name. Only this module knows the parts of each."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import torch

from jamflow.errors import UserError
from jamflow.face.framing import FrameName, framed
from jamflow.face.renderer import Picture, Renderer, Tracker
from jamflow.face.select import select_face
from jamflow.face.tracker import FaceTracker
from jamflow.face.turned import upright

if TYPE_CHECKING:
    from jamflow.face.liveportrait.checkpoint import LivePortraitNetworks
    from jamflow.face.liveportrait.landmarks import LandmarkSource
    from jamflow.face.liveportrait.renderer import Options
    from jamflow.footage.retime import Order
    from jamflow.footage.video import Footage
    from jamflow.media.image import PictureSource

RendererName = Literal["mesh", "liveportrait"]
LandmarksName = Literal["mesh", "liveportrait", "insightface"]


@dataclass(frozen=True)
class Faces:
    """A renderer, a tracker in the same motion space, and a face finder."""

    renderer: Renderer
    tracker: Tracker
    finder: FaceTracker

    def prepare(
        self, portrait: "PictureSource", face: int | None, frame: FrameName = "whole", lines: int | None = None
    ) -> tuple[Picture, list[str]]:
        """Prepares a portrait for drawing; also returns warnings.

        `face` is the number of the face, from 1, left to right; None takes the largest. For `frame` and `lines` see `framed`.

        Raises:
            UserError: the portrait cannot be used.
        """
        from jamflow.media.image import picture_rgb

        rgb, turned = upright(picture_rgb(portrait), self.finder)
        chosen, others, warnings = select_face(rgb, self.finder, face)
        rgb, (chosen, *others), more = framed(rgb, [chosen, *others], frame, lines)
        # A renderer of one's own that knows of no others draws portraits of one person as it did.
        picture = self.renderer.prepare(rgb, chosen, others) if others else self.renderer.prepare(rgb, chosen)
        return picture, [*turned, *warnings, *more, *picture.warnings]

    def repaint(self, footage: "Footage", order: "Order") -> tuple[Picture, list[str]]:
        """Prepares a video, with its frames in `order`, for repainting the mouth; also returns warnings.

        Raises:
            UserError: the face is nowhere usable, or this renderer does not repaint videos.
        """
        picture = footage.repainted(self.renderer, order)
        return picture, [*footage.repaint_warnings, *picture.warnings]


def load_faces(
    name: RendererName,
    device: torch.device | str | None = None,
    mouth: tuple[int, ...] | None = None,
    options: "Options | None" = None,
    landmarks: LandmarksName = "mesh",
) -> Faces:
    """Loads a renderer and its tracker. By default LivePortrait runs on the GPU, if there is one.

    Only LivePortrait uses `mouth`, the lip key points that a model generates (None: the usual four), `options`, and `landmarks`,
    which portraits are cropped by: the face mesh, LivePortrait's own network, or InsightFace (non-commercial).

    Raises:
        UserError: LivePortrait's weights are missing (the message says how to get them) or damaged.
    """
    finder = FaceTracker()
    if name == "mesh":
        from jamflow.face.mesh.renderer import MeshRenderer
        from jamflow.face.mesh.tracker import MeshTracker

        return Faces(MeshRenderer(), MeshTracker(finder), finder)
    from jamflow.face.liveportrait.renderer import LivePortraitRenderer
    from jamflow.face.liveportrait.space import MOUTH, liveportrait_space
    from jamflow.face.liveportrait.tracker import LivePortraitTracker

    networks = _liveportrait()
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    # The official code computes in half precision on a GPU too.
    dtype = torch.float32 if chosen.type == "cpu" else torch.float16
    space = liveportrait_space(mouth or MOUTH)
    renderer = LivePortraitRenderer(networks, chosen, dtype, options, _landmark_source(landmarks), space)
    return Faces(renderer, LivePortraitTracker(networks, chosen, dtype, finder, space), finder)


def model_faces(
    space: RendererName, device: torch.device | str, mouth: tuple[int, ...], renderer: RendererName | None = None
) -> Faces:
    """What draws and tracks for a model whose motion is of `space`; `renderer` draws, if it is not that of the space.

    Raises:
        UserError: LivePortrait's weights are missing or damaged, or the mesh is asked to draw LivePortrait's motion.
    """
    own = load_faces(space, device, mouth)
    if renderer in (None, space):
        return own
    from jamflow.face.liveportrait.renderer import LivePortraitRenderer
    from jamflow.face.liveportrait.through_mesh import ThroughMesh
    from jamflow.face.mesh.renderer import MeshRenderer

    if not isinstance(own.renderer, MeshRenderer):
        raise UserError("This model's motion is LivePortrait's, which the mesh cannot draw.", "Leave --renderer away.")
    other = load_faces("liveportrait", device).renderer
    assert isinstance(other, LivePortraitRenderer)
    return replace(own, renderer=ThroughMesh(own.renderer, other))


def _liveportrait() -> "LivePortraitNetworks":
    from jamflow.face.liveportrait.checkpoint import LivePortraitFiles, load_networks
    from jamflow.weights.fetch import require

    paths = require("liveportrait")
    return load_networks(LivePortraitFiles(**{file.removeprefix("liveportrait-"): path for file, path in paths.items()}))


def _landmark_source(name: LandmarksName) -> "LandmarkSource":
    from jamflow.face.liveportrait.landmarks import Official203, from_mesh
    from jamflow.weights.fetch import require

    if name == "mesh":
        return from_mesh
    if name == "liveportrait":
        return Official203.load(*require("landmark-203").values())
    from jamflow.face.liveportrait.insight import InsightFace106

    return InsightFace106.load()
