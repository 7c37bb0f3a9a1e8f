"""A compiled flow: its steps, how they follow each other, and what the checks worked out about them."""

from typing import Literal

import msgspec

from headwater.model.options import StepOptions
from headwater.model.production import ProductionOptions

#: How a step goes on. `linear`: one target; `split`: all targets at once; `foreach`: one target, once an item;
#: `parallel`: one target, `num_parallel` members started together; `switch`: one of the targets; `end`: nothing.
StepKind = Literal["linear", "split", "foreach", "parallel", "switch", "end"]


class Place(msgspec.Struct, frozen=True):
    """A place in the user's code."""

    file: str
    line: int


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a graph."""

    name: str
    kind: StepKind
    file: str
    #: Line of the `def`.
    line: int
    #: Steps that may follow, in the order written.
    targets: tuple[str, ...] = ()
    #: Takes `(self, inputs)`.
    is_join: bool = False
    #: Attribute with the items (`foreach`), the member count (`parallel`, as text) or the case (`switch`).
    attribute: str | None = None
    #: Switch: (repr of the case, target) pairs.
    cases: tuple[tuple[str, str], ...] = ()
    #: Targets that lie before this step: taking one of them starts the next pass of its level.
    back_targets: tuple[str, ...] = ()
    #: Steps whose foreach this step is inside of, outermost first.
    level: tuple[str, ...] = ()
    #: Join only: fires when some input has come and no task of its level is at one of these steps.
    #: See `headwater/plan/frontier.py`.
    waits_for: tuple[str, ...] = ()
    #: foreach and parallel only: the join that closes it (on this step's own level or further out).
    closed_by: str | None = None
    options: StepOptions = StepOptions()
    #: The step's docstring.
    doc: str = ""
    #: Artifacts that the step's code surely or possibly assigns / reads, as far as its source says.
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


class ParameterSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """A parameter of a flow as others see it (the default's value only when it is plain data)."""

    #: Name on the command line.
    name: str
    #: Attribute, and so the artifact's name.
    attribute: str
    #: str, int, float, bool, json, file.
    type: str = "str"
    required: bool = False
    #: JSON text of the default; None when there is none or it is computed at start.
    default: str | None = None
    is_computed: bool = False
    help: str = ""
    #: Text is split at it; the value is a list.
    separator: str | None = None
    #: Takes several values, kept as a tuple.
    is_multiple: bool = False
    #: `file`: of its text; None = the value is bytes.
    encoding: str | None = None
    #: Code of the flow's own makes the value (a type of click, a parser): only who imports the flow can.
    is_own_type: bool = False


class Graph(msgspec.Struct, frozen=True, omit_defaults=True):
    """A compiled flow."""

    flow: str
    #: Path of the flow's file below the code root.
    file: str
    #: Canonical module name of that file.
    module: str
    start: str
    end: str
    #: By name, in the order written.
    steps: dict[str, Step]
    parameters: tuple[ParameterSpec, ...] = ()
    #: Names of class constants.
    constants: tuple[str, ...] = ()
    doc: str = ""
    #: What the decorators of the class say about schedules, triggers, alerts and the like.
    production: ProductionOptions = ProductionOptions()
