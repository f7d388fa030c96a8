"""A video of PNG pictures, which may be of other sizes than the file says."""

from fractions import Fraction
from pathlib import Path

import av


def png_video(path: Path, told: tuple[int, int], frames: list[bytes]) -> Path:
    """A video of PNG pictures, in a file that says that they are so large."""
    with av.open(path, "w") as file:
        track = file.add_stream("png", rate=25)
        track.width, track.height, track.pix_fmt = *told, "rgb24"
        for number, data in enumerate(frames):
            packet = av.Packet(data)
            packet.stream, packet.pts, packet.dts, packet.time_base = track, number, number, Fraction(1, 25)
            file.mux(packet)
    return path
