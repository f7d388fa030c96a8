"""JAM-Flow: speech and facial motion from one flow-matching model (arXiv 2506.23552).

from jamflow import JamFlow
model = JamFlow.load()
model.speak("portrait.jpg", "Good morning.").save("morning.mp4")
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jamflow.pipeline import JamFlow
    from jamflow.result import Result
    from jamflow.sampling.conditions import Conditions
    from jamflow.tasks.reenact import reenact

__version__ = "0.1.0"
__all__ = ["Conditions", "JamFlow", "Result", "__version__", "reenact"]

_HOMES = {
    "JamFlow": "jamflow.pipeline",
    "Conditions": "jamflow.sampling.conditions",
    "Result": "jamflow.result",
    "reenact": "jamflow.tasks.reenact",
}


def __getattr__(name: str) -> Any:
    """Import torch and the rest only when something of it is used; torch with the threads that measured best."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    from jamflow.compute.threads import threads_for_import

    with threads_for_import():
        return getattr(importlib.import_module(_HOMES[name]), name)
