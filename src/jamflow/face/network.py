"""A network of the face-landmark bundle, on ``cv2.dnn``."""

from threading import Lock

import cv2
import numpy as np

from jamflow.face.bundle import read_member


class Network:
    """Threads may share one. OpenCV keeps inputs and layers inside the network, so a lock lets one call run at a time."""

    def __init__(self, member: str, outputs: tuple[str, ...]):
        """member: a ``.tflite`` file of the bundle. outputs: names of the output tensors, in the order of a call's result."""
        self._net = cv2.dnn.readNetFromTFLite(np.frombuffer(read_member(member), np.uint8))
        self._outputs = outputs
        self._lock = Lock()

    def __call__(self, picture_hw3: np.ndarray) -> list[np.ndarray]:
        """The outputs for one (H, W, 3) picture, in the size and range that the network expects."""
        planes = np.ascontiguousarray(picture_hw3.transpose(2, 0, 1)[None], np.float32)
        with self._lock:
            self._net.setInput(planes)
            return list(self._net.forward(self._outputs))
