"""Key points as model channels: the model generates the mouth channels and is conditioned on the clue channels.

The motion space says which key points the channels stand for, so the model does not depend on the renderer.

Shapes: T frames, K key points, M mouth channels, C clue channels (three per key point, in the order of the space).
"""

import numpy as np

from jamflow.face.motion import MotionSpace


def split(expression_tk3: np.ndarray, space: MotionSpace) -> tuple[np.ndarray, np.ndarray]:
    """Expression (T, K, 3) to mouth (T, M) and clue (T, C), float32."""
    mouth, clue = (expression_tk3[:, list(points)].astype(np.float32) for points in (space.mouth, space.clue))
    return mouth.reshape(len(mouth), -1), clue.reshape(len(clue), -1)


def interpolated(have_s: np.ndarray, rows_tc: np.ndarray, wanted_s: np.ndarray) -> np.ndarray:
    """(N, C) float32: rows (T, C) at times `have_s`, linearly interpolated to `wanted_s`; constant beyond both ends."""
    return np.stack([np.interp(wanted_s, have_s, column) for column in rows_tc.T], axis=1).astype(np.float32)


def join(mouth_tm: np.ndarray, clue_tc: np.ndarray, space: MotionSpace) -> np.ndarray:
    """The inverse of `split`: (T, K, 3) float32. The `follow` points (jaw) are zero."""
    expression = np.zeros((len(mouth_tm), space.n_keypoints, 3), np.float32)
    expression[:, list(space.mouth)] = mouth_tm.reshape(len(mouth_tm), len(space.mouth), 3)
    expression[:, list(space.clue)] = clue_tc.reshape(len(clue_tc), len(space.clue), 3)
    return expression
