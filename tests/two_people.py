"""The portrait of the package, and another person drawn from it."""

from pathlib import Path

import cv2
import numpy as np

PORTRAIT = Path(__file__).parents[1] / "src/jamflow/assets/portraits/astronaut.png"


def somebody_else(rgb: np.ndarray) -> np.ndarray:
    """The portrait with a broader and shorter face, darker hair and skin, and other colours around it."""
    height, width = rgb.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    middle_x, middle_y = 0.44 * width, 0.27 * height  # of the face
    near = np.exp(-(((x - middle_x) / (0.22 * width)) ** 2) - ((y - middle_y) / (0.28 * height)) ** 2)
    from_x = middle_x + (x - middle_x) * (1 - 0.28 * near)
    from_y = middle_y + (y - middle_y) * (1 + 0.22 * near)
    other = cv2.remap(rgb, from_x, from_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    lab = cv2.cvtColor(other, cv2.COLOR_RGB2LAB).astype(np.float32)
    lab[..., 0] = 255 * (lab[..., 0] / 255) ** 1.7
    lab[..., 1] = 256 - lab[..., 1] + 18 * near
    lab[..., 2] -= 4
    return cv2.cvtColor(np.clip(lab, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB)
