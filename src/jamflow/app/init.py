"""``jamflow init``: a model before its training."""

import sys
from pathlib import Path
from typing import Any

from jamflow.app.options import Init
from jamflow.app.progress import Progress
from jamflow.errors import UserError


def run(options: Init) -> tuple[dict[str, Any], str]:
    """Makes the folder; report as data and in words."""
    official = options.source == "f5"
    if official and options.kind:
        raise UserError("--kind is given with --from f5, which is F5TTS_v1_Base.", "Leave --kind away.")
    with Progress(sys.stderr) as progress:
        progress.say("Making the model")
        from jamflow.loading.initialise import init_base

        checkpoint = None if official else Path(options.source)
        path = init_base(options.output, checkpoint, options.kind, options.mouth, options.seed, options.vocab)
    size = path.stat().st_size
    report = {"file": str(path), "bytes": size, "mouth": sorted(set(options.mouth)), "seed": options.seed}
    return report, f"{path}: {size / 1e6:.1f} MB; it speaks as F5-TTS does, its motion is untrained"
