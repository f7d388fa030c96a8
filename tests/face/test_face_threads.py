"""One tracker for many threads: everybody gets the answer to their own picture."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from jamflow.face.tracker import FaceTracker


def test_eight_threads_find_what_one_does(tracker: FaceTracker, portrait: np.ndarray) -> None:
    small = np.ascontiguousarray(portrait[::4, ::4])
    pictures = [small, np.ascontiguousarray(small[:, ::-1]), np.full((128, 128, 3), 90, np.uint8)]
    alone = [[face.landmarks_l3 for face in tracker.find(rgb)] for rgb in pictures]
    assert [len(faces) for faces in alone] == [1, 1, 0]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda k: [face.landmarks_l3 for face in tracker.find(pictures[k % 3])], range(240)))
    for k, faces in enumerate(together):
        np.testing.assert_array_equal(faces, alone[k % 3])
