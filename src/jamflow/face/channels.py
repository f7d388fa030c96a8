"""Key points as the generative model has them: mouth channels, which it makes, and clue channels, which it is shown.

The model sees numbers only; which key points they are is the motion space's business, so that it need not know the renderer.

Shapes: T frames, K key points, M and C channels of mouth and clue (three a key point, in the space's order).
"""

import numpy as np

from jamflow.face.motion import MotionSpace


def split(expression_tk3: np.ndarray, space: MotionSpace) -> tuple[np.ndarray, np.ndarray]:
    """Expression (T, K, 3) to mouth (T, M) and clue (T, C), float32."""
    mouth, clue = (expression_tk3[:, list(points)].astype(np.float32) for points in (space.mouth, space.clue))
    return mouth.reshape(len(mouth), -1), clue.reshape(len(clue), -1)


def interpolated(have_s: np.ndarray, rows_tc: np.ndarray, wanted_s: np.ndarray) -> np.ndarray:
    """(N, C) float32: the rows at other times, on straight lines; before the first and after the last one still."""
    return np.stack([np.interp(wanted_s, have_s, column) for column in rows_tc.T], axis=1).astype(np.float32)


def join(mouth_tm: np.ndarray, clue_tc: np.ndarray, space: MotionSpace) -> np.ndarray:
    """The inverse of `split`: (T, K, 3) float32. Points that follow the mouth stay at zero."""
    expression = np.zeros((len(mouth_tm), space.n_keypoints, 3), np.float32)
    expression[:, list(space.mouth)] = mouth_tm.reshape(len(mouth_tm), len(space.mouth), 3)
    expression[:, list(space.clue)] = clue_tc.reshape(len(clue_tc), len(space.clue), 3)
    return expression
