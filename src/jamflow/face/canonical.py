"""The canonical face: 468 vertices in centimetres, the reference for every tracked face.

The landmark bundle holds the mesh as a protobuf message. It uses three wire types only, so it is read here without a protobuf
library.

Shapes: V vertices (468), F triangles, 3 = x right in the picture, y up, z towards the viewer.
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from jamflow.face.bundle import read_member

_MESH_FIELD = 1
_VERTEX_FIELD, _INDEX_FIELD = 3, 4
_FLOATS_PER_VERTEX = 5
_VARINT, _BYTES, _FIXED32 = 0, 2, 5
# Speech moves the face below this height (cm), so the head pose is fitted to vertices above it.
_RIGID_ABOVE_CM = -1.5
_BASIS_FIELD = 2


@dataclass(frozen=True)
class CanonicalFace:
    """Mesh of the canonical face.

    Attributes:
        vertices_v3: (468, 3) float64, centimetres.
        uv_v2: (468, 2) float64, texture coordinates in [0, 1].
        triangles_f3: (898, 3) int32 vertex indices.
        rigid: vertex indices that speech does not move; head pose is fitted to these.
    """

    vertices_v3: np.ndarray
    uv_v2: np.ndarray
    triangles_f3: np.ndarray
    rigid: np.ndarray


def load_canonical() -> CanonicalFace:
    """Reads the canonical face from the landmark bundle."""
    top = _fields(read_member("geometry_pipeline_metadata_landmarks.binarypb"))
    mesh = _fields(_only(top, _MESH_FIELD))
    vertices = _floats(mesh, _VERTEX_FIELD).reshape(-1, _FLOATS_PER_VERTEX)
    basis = np.array([dict(_fields(value))[1] for field, value in top if field == _BASIS_FIELD])
    triangles = _integers(mesh, _INDEX_FIELD).reshape(-1, 3)
    xyz = vertices[:, :3].astype(np.float64)
    return CanonicalFace(
        vertices_v3=xyz,
        uv_v2=vertices[:, 3:].astype(np.float64),
        triangles_f3=triangles.astype(np.int32),
        rigid=basis[xyz[basis, 1] > _RIGID_ABOVE_CM],
    )


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _fields(message: bytes) -> list[tuple[int, Any]]:
    fields, at = [], 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            value, at = _varint(message, at)
        elif wire_type == _BYTES:
            size, at = _varint(message, at)
            value, at = message[at : at + size], at + size
        elif wire_type == _FIXED32:
            value, at = struct.unpack_from("<f", message, at)[0], at + 4
        else:
            raise ValueError(f"unexpected protobuf wire type {wire_type}")
        fields.append((number, value))
    return fields


def _only(fields: list, number: int) -> bytes:
    return next(value for field, value in fields if field == number)


def _floats(fields: list, number: int) -> np.ndarray:
    """A repeated float field, packed or not."""
    values = [value for field, value in fields if field == number]
    if isinstance(values[0], bytes):
        return np.frombuffer(b"".join(values), "<f4")
    return np.array(values, np.float32)


def _integers(fields: list, number: int) -> np.ndarray:
    """A repeated integer field, packed or not."""
    values = []
    for field, value in fields:
        if field != number:
            continue
        if isinstance(value, bytes):
            at = 0
            while at < len(value):
                item, at = _varint(value, at)
                values.append(item)
        else:
            values.append(value)
    return np.array(values)
