"""``jamflow weights``: what there is, getting it, checking it."""

import sys
from typing import Any

from jamflow.app.options import WeightsList, WeightsPath, WeightsPull, WeightsVerify
from jamflow.app.progress import Progress
from jamflow.weights.fetch import describe, path_of, pull, state_of
from jamflow.weights.registry import GROUPS, PUBLISHED, Published, find


def run(action: WeightsList | WeightsPull | WeightsVerify | WeightsPath) -> tuple[dict[str, Any], str, int]:
    """Report as data and in words, and the exit code."""
    if isinstance(action, WeightsPull):
        return _pull(action.name)
    if isinstance(action, WeightsPath):
        files = [{"name": p.name, "path": str(path_of(p))} for p in find(action.name)]
        return {"files": files}, "\n".join(file["path"] for file in files), 0
    rows = [_row(p) for p in PUBLISHED]
    if isinstance(action, WeightsVerify):
        rows = [row for row in rows if row["state"] != "missing"]
        words = "\n".join(f"{row['name']}: {row['state']}, {row['path']}" for row in rows)
        damaged = any(row["state"] == "damaged" for row in rows)
        return {"files": rows}, words or "No weights of others are on this machine.", 1 if damaged else 0
    words = [f"{row['name']}: {row['state']}; {row['about']}; {row['purpose']} ({row['source']})" for row in rows]
    groups = [f"Group {name}: {', '.join(names)}" for name, names in GROUPS.items()]
    return {"files": rows, "groups": GROUPS}, "\n".join([*words, *groups]), 0


def _row(p: Published) -> dict[str, Any]:
    return {
        "name": p.name,
        "state": state_of(p),
        "path": str(path_of(p)),
        "about": describe(p),
        "purpose": p.purpose,
        "source": f"{p.repository}, {p.file}",
        "revision": p.revision,
        "bytes": p.bytes,
        "sha256": p.sha256,
        "licence": p.licence,
        "commercial": p.commercial,
    }


def _pull(name: str) -> tuple[dict[str, Any], str, int]:
    files = []
    with Progress(sys.stderr) as progress:
        for weights in find(name):
            print(f"jamflow: {weights.name}: {describe(weights)}, from {weights.repository}.", file=sys.stderr, flush=True)
            progress.say(f"Fetching {weights.name}")
            path = pull(weights, lambda done, total: progress(done, total, "MB"))
            state = "unverified" if weights.sha256 is None else "present"  # `pull` has just verified it
            files.append({"name": weights.name, "path": str(path), "state": state})
    return {"files": files}, "\n".join(f"{file['name']}: {file['state']}, {file['path']}" for file in files), 0
