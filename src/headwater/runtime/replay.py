"""Makes the order of a task that ran before once more, so that it can be looked at; writes nothing."""

import msgspec

from headwater.home import Home
from headwater.model.errors import InternalError
from headwater.model.order import TaskInput, TaskOrder
from headwater.model.rows import TaskRow
from headwater.plan.decide import Launch
from headwater.plan.frontier import Frontier
from headwater.runtime.machine import this_machine
from headwater.runtime.orders import RunFacts, SmallPayloads, make_order


def order_again(home: Home, task: TaskRow, *, folder: str) -> TaskOrder:
    """Give the order that the latest attempt of a task had, with other places for what it writes.

    Left out are the limits that would get in the way of a person who looks: `@timeout`, and that another attempt has
    used up the retries. All inputs are inline. Nothing is stored.

    Args:
        home: the store and ledger.
        task: a task that really ran; not one that was taken over from another run.
        folder: takes log lines and metric points.

    Raises:
        InternalError: the run's events do not hold the task.
    """
    frontier = Frontier()
    for _, event in home.ledger.events(task.run):
        frontier.apply(event)
    if task.key not in frontier.tasks:
        raise InternalError(f"the events of run {task.run} do not hold {task.key}")
    launch = Launch(task.key, task.step, task.label, task.attempt, gang=frontier.tasks[task.key].gang)
    facts = RunFacts(home=home.path, folder=folder, cpus=int(this_machine(1).cpus))
    packed: list[bytes] = []

    def keep(content: bytes) -> str:
        packed.append(content)
        return ""

    order = make_order(frontier, launch, facts, SmallPayloads(), keep)
    if packed:
        inputs = msgspec.json.decode(packed[0], type=tuple[TaskInput, ...])
        order = msgspec.structs.replace(order, inputs=inputs, packed_inputs=None)
    return msgspec.structs.replace(order, options=msgspec.structs.replace(order.options, timeout=None))
