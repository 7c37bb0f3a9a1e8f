"""What a stranger's flow keeps beside itself."""

import dataclasses
import enum


class Kind(enum.Enum):
    FIRST = 1


@dataclasses.dataclass
class Model:
    kind: Kind
    weights: list
