"""Where numbers go besides `progress.jsonl`: TensorBoard and Weights & Biases, if a recipe asks for them."""

from dataclasses import asdict

from jamflow.errors import UserError
from jamflow.train.base.recipe import Recipe


class Trackers:
    """Of one stage. Raises UserError if one is asked for and not installed."""

    def __init__(self, recipe: Recipe, stage: str):
        self._tensorboard = self._wandb = None
        try:
            if "tensorboard" in recipe.machine.track:
                from torch.utils.tensorboard import SummaryWriter

                self._tensorboard = SummaryWriter(str(recipe.run / stage / "tensorboard"))
            if "wandb" in recipe.machine.track:
                import wandb  # pyright: ignore[reportMissingImports]

                name = f"{recipe.run.name}-{stage}"
                self._wandb = wandb.init(project="jamflow", name=name, dir=recipe.run, config=asdict(recipe), reinit="create_new")
        except ModuleNotFoundError as error:
            raise UserError(f"The recipe's trackers need {error.name}.", "Run: pip install 'jamflow[track]'") from error

    def write(self, step: int, numbers: dict[str, float]) -> None:
        if self._tensorboard is not None:
            for name, value in numbers.items():
                self._tensorboard.add_scalar(name, value, step)
        if self._wandb is not None:
            self._wandb.log(numbers, step=step)

    def close(self) -> None:
        if self._tensorboard is not None:
            self._tensorboard.close()
        if self._wandb is not None:
            self._wandb.finish()
