"""What is installed, what is missing and how to get it."""

import importlib
import os
import platform
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from jamflow.compute.threads import COUNT, WAITING
from jamflow.errors import UserError
from jamflow.media.files import output_file
from jamflow.weights.shipped import shipped_weights
from jamflow.weights.tensors import is_non_commercial

_NATIVE = ("torch", "av", "cv2", "PIL", "soxr")  # installed does not mean that their libraries load


def examine() -> dict[str, Any]:
    """The report as plain data. ``ready`` is whether ``jamflow demo`` can run; ``problems`` says why not."""
    required, extras = _requirements()
    problems = [f"{name} is not installed." for name in required if _version(name) is None]
    for module in _NATIVE:
        try:
            importlib.import_module(module)
        except Exception as error:  # a broken native library raises whatever it likes
            problems.append(f"{module} cannot be loaded ({type(error).__name__}: {error}).")
    models = []
    for weights in shipped_weights():
        state = weights.state()
        models.append({"file": weights.file, "bytes": weights.bytes, "licence": weights.licence})
        models[-1] |= {"purpose": weights.purpose, "state": state, "non_commercial": is_non_commercial(weights.path)}
        if state != "present":
            problems.append(f"The model file {weights.file} is {state}; install JAM-Flow again.")
    return {
        "ready": not problems,
        "problems": problems,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {name: _version(name) for name in ("jamflow", *required)},
        "device": _device(),
        "threads": _threads(),
        "models": models,
        "missing_extras": {
            extra: missing for extra, names in extras.items() if (missing := [name for name in names if _version(name) is None])
        },
        "folder": _folder(Path.cwd()),
    }


def in_words(report: dict[str, Any]) -> str:
    """The report as text for people."""
    lines = [f"Python {report['python']} on {report['system']}, {sys.executable}"]
    lines += [f"  {name} {version or 'MISSING'}" for name, version in report["versions"].items()]
    lines.append(f"Device: {report['device']['name']}. {report['device']['reason']}")
    threads = report["threads"]
    settings = ", ".join(f"{name}={value}" for name, value in threads["settings"].items()) or "OpenMP's own settings"
    lines.append(f"Threads: {threads['count'] or 'unknown'}; {settings}")
    lines.append("Models in the package:")
    for model in report["models"]:
        size = f"{model['bytes'] / 1e6:.1f} MB"
        mark = ", NOT FOR COMMERCIAL USE" if model["non_commercial"] else ""
        lines.append(f"  {model['file']}: {model['state']}, {size}, {model['licence']}{mark}; {model['purpose']}")
    for extra, missing in report["missing_extras"].items():
        lines.append(f"Optional, not installed: {', '.join(missing)}; get it: pip install 'jamflow[{extra}]'")
    folder = report["folder"]
    writable = "writable" if folder["writable"] else "NOT WRITABLE, choose another with -o"
    lines.append(f"This folder: {writable}, {folder['free_bytes'] / 1e9:.1f} GB free")
    lines += [f"Problem: {problem}" for problem in report["problems"]]
    lines.append("Ready: try `jamflow demo`." if report["ready"] else "Not ready.")
    return "\n".join(lines)


def _requirements() -> tuple[list[str], dict[str, list[str]]]:
    """Names of what the package needs, and of what each of its extras adds."""
    required: list[str] = []
    extras: dict[str, list[str]] = {}
    for requirement in metadata.requires("jamflow") or []:
        match = re.match(r"[\w.-]+", requirement)
        assert match is not None
        extra = re.search(r"""extra == ["']([\w-]+)["']""", requirement)
        (extras.setdefault(extra[1], []) if extra else required).append(match[0])
    return required, extras


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _device() -> dict[str, str]:
    try:
        import torch
    except Exception:  # reported among the problems
        return {"name": "none", "reason": "PyTorch cannot be loaded."}
    if torch.cuda.is_available():
        return {"name": "cuda", "reason": f"{torch.cuda.get_device_name()}."}
    if torch.version.cuda is None:
        return {"name": "cpu", "reason": "No GPU is used: this PyTorch is built for the CPU alone."}
    return {"name": "cpu", "reason": "No GPU is used: PyTorch finds no NVIDIA GPU with a fitting driver."}


def _threads() -> dict[str, Any]:
    """How many there are, and the variables that say how they compute, whoever has set them."""
    try:
        import torch
    except Exception:  # reported among the problems
        count = None
    else:
        count = torch.get_num_threads()
    return {"count": count, "settings": {name: os.environ[name] for name in (*COUNT, *WAITING) if name in os.environ}}


def _folder(folder: Path) -> dict[str, Any]:
    try:
        output_file(folder / "probe.mp4", ".mp4")
        writable = True
    except UserError:
        writable = False
    return {"path": str(folder), "writable": writable, "free_bytes": shutil.disk_usage(folder).free}
