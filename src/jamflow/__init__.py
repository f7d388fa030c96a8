"""JAM-Flow: speech and facial motion from one flow-matching model (arXiv 2506.23552).

from jamflow import JamFlow
model = JamFlow.load()
model.speak("portrait.jpg", "Good morning.").save("morning.mp4")
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jamflow.errors import JamFlowError, UserError
    from jamflow.pipeline import JamFlow, reenact
    from jamflow.result import Result
    from jamflow.sampling.conditions import Conditions, MotionCondition, SpeechCondition
    from jamflow.sampling.generate import Sampling, Streams

__version__ = "0.1.0"

_HOMES = {
    "JamFlow": "jamflow.pipeline",
    "reenact": "jamflow.pipeline",
    "Result": "jamflow.result",
    "Conditions": "jamflow.sampling.conditions",
    "SpeechCondition": "jamflow.sampling.conditions",
    "MotionCondition": "jamflow.sampling.conditions",
    "Sampling": "jamflow.sampling.generate",
    "Streams": "jamflow.sampling.generate",
    "UserError": "jamflow.errors",
    "JamFlowError": "jamflow.errors",
}
__all__ = [
    "Conditions",
    "JamFlow",
    "JamFlowError",
    "MotionCondition",
    "Result",
    "Sampling",
    "SpeechCondition",
    "Streams",
    "UserError",
    "__version__",
    "reenact",
]


def __getattr__(name: str) -> Any:
    """Import torch and the rest only when something of it is used; torch with the threads that measured best."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    from jamflow.compute.threads import threads_for_import

    with threads_for_import():
        return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
