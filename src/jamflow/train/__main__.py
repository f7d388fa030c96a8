"""torchrun --nproc-per-node N -m jamflow.train base RECIPE.toml [stages.0.steps=10 ...]; without torchrun, in one process."""

import argparse
import logging
import signal
import sys
from pathlib import Path

from jamflow.errors import UserError


def main(argv: list[str] | None = None) -> int:
    """The exit status: 0, 1 after bad input, 143 after SIGTERM."""
    parser = argparse.ArgumentParser("python -m jamflow.train", description=__doc__)
    parser.add_argument("model", choices=["base"])
    parser.add_argument("recipe", type=Path, help="a TOML file; recipes/base has examples")
    parser.add_argument("changes", nargs="*", help="values in the place of the recipe's, such as stages.0.steps=10")
    given = parser.parse_args(argv)
    try:
        from jamflow.train.base.parallel import started
        from jamflow.train.base.recipe import read_recipe
        from jamflow.train.base.run import train_base
        from jamflow.train.base.stage import Stopped
    except ModuleNotFoundError as error:
        if error.name != "pydantic":
            raise
        return _leave(f"Training needs {error.name}. Run: pip install 'jamflow[train]'", 1)
    with started() as ranks:
        logging.basicConfig(level=logging.INFO if ranks.first else logging.ERROR, format="%(asctime)s %(message)s")
        try:
            folder = train_base(read_recipe(given.recipe, given.changes), ranks)
        except UserError as error:
            return _leave(str(error) if ranks.first else "", 1)
        except Stopped as stopped:
            return _leave(str(stopped) if ranks.first else "", 128 + signal.SIGTERM)
        return _leave(f"The trained model is in {folder}." if ranks.first else "", 0)


def _leave(sentence: str, status: int) -> int:
    if sentence:
        sys.stderr.write(f"{sentence}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
