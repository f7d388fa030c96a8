"""What a stage of a training goes on from."""

from dataclasses import dataclass
from pathlib import Path

from jamflow.errors import UserError
from jamflow.loading.joint import joint_config, load_joint
from jamflow.model.joint import JointModel
from jamflow.model.normalise import Normaliser
from jamflow.train.checkpoint import load_checkpoint
from jamflow.weights.tensors import is_non_commercial


@dataclass(frozen=True)
class Start:
    """A trained model, the normaliser that it was trained with, and whether it learnt from what may not be used commercially."""

    model: JointModel
    normaliser: Normaliser
    non_commercial: bool = False


def start_from(path: Path) -> Start:
    """The averaged weights of a run's folder, or of a file that was exported.

    Raises:
        UserError: there is no such file, or it is of another model.
    """
    if not path.is_dir():
        return Start(*load_joint(path), is_non_commercial(path))
    state = load_checkpoint(path / "joint.pt")
    if state is None:
        raise UserError(f"There is no checkpoint in {path}.", "Train that stage first.")
    config = joint_config(state["config"])
    model = JointModel(config)
    model.load_state_dict({k: v for k, v in state["ema"].items() if k != "updates"})
    normaliser = Normaliser(config.mel.bands, config.motion.mouth_channels, config.motion.clue_channels)
    normaliser.load_state_dict(state["normaliser"])
    return Start(model, normaliser, state["non_commercial"])
