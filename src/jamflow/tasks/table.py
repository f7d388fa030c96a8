"""Commands as data: what each one is given and what it generates (design, section 1)."""

from dataclasses import dataclass
from typing import Literal

from jamflow.sampling.conditions import Role

Given = Literal["required", "optional", "none"]


@dataclass(frozen=True)
class Task:
    """One row of the task table."""

    name: str
    text: Given
    voice: Given
    portrait: Given
    speech: Role
    motion: Role
    video: Given = "none"


TASKS = {
    task.name: task
    for task in (
        Task("speak", text="required", voice="optional", portrait="required", speech="generated", motion="generated"),
        Task("animate", text="none", voice="none", portrait="required", speech="given", motion="generated"),
        Task("lipsync", text="none", voice="none", portrait="none", speech="given", motion="generated", video="required"),
        Task(
            "retell", text="required", voice="optional", portrait="none", speech="generated", motion="generated", video="required"
        ),
        Task("edit", text="required", voice="none", portrait="none", speech="generated", motion="generated", video="optional"),
        Task("dub", text="optional", voice="optional", portrait="none", speech="generated", motion="given", video="required"),
        Task("tts", text="required", voice="optional", portrait="none", speech="generated", motion="absent"),
    )
}
