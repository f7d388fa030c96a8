"""One loaded model, many threads: every call gives what it gives alone, to the last bit."""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np

from jamflow import JamFlow
from jamflow.media.image import read_image

PORTRAIT = Path(__file__).parents[1] / "src/jamflow/assets/portraits/astronaut.png"
TEXTS = ("Go!", "Me too.")


def test_eight_calls_at_once_are_eight_calls_one_after_the_other() -> None:
    model = JamFlow.load()
    rgb = read_image(PORTRAIT)[:320, 64:384]
    portraits = (rgb, np.ascontiguousarray(rgb[:, ::-1]))

    def speak(call: int) -> tuple[np.ndarray, ...]:
        result = model.speak(portraits[call % 2], TEXTS[call // 2 % 2], seed=call % 4, nfe=2)
        motion = result.motion
        assert motion is not None
        return result.speech.waveform, motion.expression_tk3, motion.rotation_t3, np.stack(list(islice(result.frames(), 8)))

    alone = [speak(call) for call in range(4)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(speak, range(8)))
    for call, made in enumerate(together):
        for here, there in zip(made, alone[call % 4], strict=True):
            np.testing.assert_array_equal(here, there)
