"""The times of frames are told without decoding them."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from jamflow.media.video_reader import frame_times, read_video
from jamflow.media.video_writer import VideoWriter


def test_times_are_those_of_the_frames_that_are_shown(tmp_path: Path) -> None:
    """Also where a video was trimmed without encoding it again, as telephones do it."""
    whole, trimmed = tmp_path / "whole.mp4", tmp_path / "trimmed.mp4"
    with VideoWriter(whole, 64, 64, Fraction(25)) as video:
        for number in range(50):
            video.write_frame(np.full((64, 64, 3), 4 * number, np.uint8))
    with av.open(whole) as source, av.open(trimmed, "w", options={"avoid_negative_ts": "disabled"}) as copy:
        track = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.pts is not None and packet.dts is not None and packet.time_base is not None:
                packet.pts, packet.dts = (time - int(1 / packet.time_base) for time in (packet.pts, packet.dts))
                packet.stream = track
                copy.mux(packet)
    assert len(frame_times(whole)) == 50 and len(frame_times(trimmed)) == 25
    for path in (whole, trimmed):
        assert frame_times(path) == [time_s for time_s, _ in read_video(path)]
