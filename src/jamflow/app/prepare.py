"""``jamflow prepare``: training data of raw video and sound."""

import sys
from typing import TYPE_CHECKING, Any

from jamflow.app.options import Prepare
from jamflow.app.progress import Progress
from jamflow.errors import UserError

if TYPE_CHECKING:
    from jamflow.prepare.settings import Settings
    from jamflow.prepare.workers import Workers


def run(options: Prepare) -> tuple[dict[str, Any], str]:
    """Prepares the sources; report as data and in words."""
    if options.ray is not None and options.jobs is not None:
        raise UserError("--jobs is given with --ray, where the cluster knows how much it does at once.", "Leave one out.")
    with Progress(sys.stderr) as progress:
        progress.say("Looking at the sources")
        from jamflow.prepare.run import counted, prepare_sources
        from jamflow.prepare.settings import Settings

        settings = Settings(options.motion, options.face, options.transcribe)
        try:
            outcome = prepare_sources(
                options.sources,
                options.output,
                settings,
                _workers(options, settings),
                options.allow_noncommercial,
                options.licence,
                lambda done, total: progress(done, total, "MB"),
            )
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt("Stopped; what is done so far is kept, start the same again to go on.") from stop
    report = {
        "folder": str(options.output),
        "shards": list(outcome.shards),
        "seconds": round(outcome.kept_s, 1),
        "stretches": outcome.counts,
        "non_commercial": outcome.non_commercial,
        "report": str(outcome.report),
    }
    count = len(outcome.shards)
    said = f"{options.output}: {outcome.kept_s / 60:.1f} minutes in {count} shard{'s' if count != 1 else ''}"
    said += f" ({counted(outcome.counts)}); see {outcome.report}."
    if outcome.non_commercial:
        said += " Models trained on it are marked as non-commercial."
    return report, said


def _workers(options: Prepare, settings: "Settings") -> "Workers":
    if options.ray is None:
        from jamflow.prepare.workers import Processes

        return Processes(settings, options.jobs)
    from jamflow.prepare.cluster import RayData

    return RayData(settings, options.ray)
