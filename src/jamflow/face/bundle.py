"""The face-landmark bundle that ships with the package: three small networks and a canonical mesh.

``face_landmarker.task`` (Google, Apache-2.0) is a plain zip archive; see ``assets/face/README.md``.
"""

import io
import zipfile
from importlib import resources


def read_member(name: str) -> bytes:
    """Bytes of one member of the bundle, e.g. ``face_detector.tflite``."""
    task = resources.files("jamflow").joinpath("assets", "face", "face_landmarker.task")
    with zipfile.ZipFile(io.BytesIO(task.read_bytes())) as bundle:
        return bundle.read(name)
