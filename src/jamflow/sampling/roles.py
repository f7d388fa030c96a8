"""What a call of the model does with a stream."""

from typing import Literal

Role = Literal["absent", "given", "generated"]
