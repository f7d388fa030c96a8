"""Runs jobs on a Ray cluster, through Ray Data. All nodes must see the sources and the shards under the same paths.

A node that is lost costs nothing: Ray gives its jobs to others, and a job leaves a whole folder or nothing.
"""

import pickle
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from jamflow.errors import UserError
from jamflow.prepare.jobs import Done
from jamflow.prepare.settings import Settings
from jamflow.prepare.workers import Job, one_thread


class RayData:
    """See `Workers`."""

    def __init__(self, settings: Settings, address: str):
        """address: of the cluster; "auto" finds the one that this machine belongs to, "local" starts one here.

        Raises:
            UserError: Ray is not installed, or there is no cluster.
        """
        try:
            ray: Any = import_module("ray")
            import_module("ray.data")
        except ModuleNotFoundError as error:
            raise UserError("Ray is not installed.", "Run: pip install 'jamflow[ray]'") from error
        self._ray, self._settings = ray, settings
        if not ray.is_initialized():
            try:
                ray.init(address=None if address == "local" else address, log_to_driver=False, logging_level="error")
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise UserError(f"There is no Ray cluster at {address!r}.", "Start one with: ray start --head") from error

    def map(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Done | None]]:
        waiting = [{"number": number, "job": pickle.dumps(job)} for number, job in enumerate(jobs)]
        if not waiting:
            return
        context = self._ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.preserve_order = False
        most = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        data = self._ray.data.from_items(waiting, override_num_blocks=min(len(waiting), 16 * most))
        done = data.map(
            _Remote,
            fn_constructor_args=(self._settings,),
            concurrency=(1, min(most, len(waiting))),
            num_cpus=1,
        )
        for row in done.iter_rows():
            yield pickle.loads(waiting[row["number"]]["job"]), pickle.loads(row["done"])


class _Remote:
    """A worker in the cluster: one processor, with its own tools."""

    def __init__(self, settings: Settings):
        from jamflow.prepare.workbench import Workbench

        one_thread()
        self._bench = Workbench(settings)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        job: Job = pickle.loads(row["job"])
        return {"number": row["number"], "done": pickle.dumps(job.do(self._bench))}
