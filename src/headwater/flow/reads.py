"""Follows artifacts through the graph: what a step reads must have been set on the way to it."""

from collections.abc import Iterable, Mapping

import msgspec

from headwater.flow.facts import Facts, InputRead, Merge, Read
from headwater.flow.parameter import Constant, Parameter
from headwater.flow.source import Sources
from headwater.flow.steps import StepSource, shown
from headwater.flow.walk import read_facts
from headwater.model.errors import Mistake
from headwater.model.nearest import did_you_mean

#: Stands in a set of names for "and others, which the source does not name".
OTHERS = "*"


def read_all_facts(flow: type, steps: Mapping[str, StepSource], sources: Sources) -> dict[str, Facts]:
    """Give what each step reads and sets, the methods that it calls included.

    Args:
        flow: The flow's class.
        steps: Its steps.
        sources: Where to read.
    """
    methods = _Methods(flow, sources)
    found = {}
    for name, step in steps.items():
        options = step.mark.options
        facts = Facts(is_open=True) if options.executable else read_facts(step.source, methods)
        if options.catch is not None and options.catch.var:
            facts.writes[options.catch.var] = None
        found[name] = facts
    return found


def check_reads(flow: type, steps: Mapping[str, StepSource], facts: Mapping[str, Facts], start: str) -> list[Mistake]:
    """Report artifacts that are read but set on no way to the step (errors), or not on every one (warnings).

    Args:
        flow: The flow's class, whose own attributes are no artifacts.
        steps: Its steps, all of whose targets exist.
        facts: What each of them reads and sets.
        start: The first of them.
    """
    known = _Arrivals(steps, facts, start)
    found = []
    for name, step in steps.items():
        if name in known.before:
            found += _check_step(step, facts[name], known)
            found += _check_inputs(flow, step, facts[name], known)
    return found


def check_reads_without_order(steps: Mapping[str, StepSource], facts: Mapping[str, Facts]) -> list[Mistake]:
    """Report artifacts that no step sets at all; for flows of which it is not known what follows what.

    Args:
        steps: The flow's steps.
        facts: What each of them reads and sets.
    """
    if any(each.is_open for each in facts.values()):
        return []
    written = {name for each in facts.values() for name in each.writes}
    found = []
    for name, step in steps.items():
        for read in _first_of_each(facts[name].reads):
            if read.name not in written:
                found.append(_never_set(step, read, written))
    return found


class _Methods:
    """Looks up what `self.name` is in a flow's class, and reads each method once."""

    def __init__(self, flow: type, sources: Sources) -> None:
        self._flow = flow
        self._sources = sources
        self._known: dict[object, Facts] = {}

    def is_artifact(self, name: str) -> bool:
        return not any(name in vars(cls) for cls in self._flow.__mro__)

    def called(self, name: str) -> Facts | None:
        return self._facts_of(_find(self._flow.__mro__, name))

    def called_above(self, owner: str, name: str) -> Facts | None:
        names = [cls.__name__ for cls in self._flow.__mro__]
        above = self._flow.__mro__[names.index(owner) + 1 :] if owner in names else ()
        return self._facts_of(_find(above, name))

    def _facts_of(self, value: object) -> Facts | None:
        if isinstance(value, property):
            value = value.fget
        function = getattr(value, "func", value)
        if not hasattr(function, "__code__"):
            return Facts() if value is not None else None
        if function not in self._known:
            self._known[function] = Facts()
            self._known[function] = self._read(function)
        return self._known[function]

    def _read(self, function: object) -> Facts:
        if getattr(function, "__module__", "").startswith("headwater."):
            return Facts()
        source = self._sources.find(function)
        return Facts(is_open=True) if source is None else read_facts(source, self)


def _find(classes: Iterable[type], name: str) -> object:
    for cls in classes:
        if name in vars(cls):
            value = vars(cls)[name]
            return None if isinstance(value, Parameter | Constant) else value
    return None


class _Arrival(msgspec.Struct, frozen=True):
    """Names of the artifacts at one point: set on some way to it, and set on every way to it."""

    some: frozenset[str]
    every: frozenset[str]


_NOTHING = _Arrival(frozenset(), frozenset())


class _Arrivals:
    """What arrives at each step and what leaves it, worked out until nothing changes."""

    def __init__(self, steps: Mapping[str, StepSource], facts: Mapping[str, Facts], start: str) -> None:
        self.steps = steps
        self.facts = facts
        self.start = start
        self.sources: dict[str, list[str]] = {name: [] for name in steps}
        for name, step in steps.items():
            for target in step.next.targets:
                self.sources[target].append(name)
        #: What arrives; at a join only what it merges.
        self.before: dict[str, _Arrival] = {}
        self.after: dict[str, _Arrival] = {}
        while sum(self._update(name) for name in steps):
            pass

    def setters(self, name: str) -> list[str]:
        """Give the steps that set an artifact."""
        return [step for step, facts in self.facts.items() if name in facts.writes]

    def _update(self, name: str) -> bool:
        """Work one step out again; True when that changed something."""
        arriving = [self.after[source] for source in self.sources[name] if source in self.after]
        if name == self.start:
            arriving.append(_NOTHING)
        if not arriving:
            return False
        facts = self.facts[name]
        before = _merged(arriving, facts.merges) if self.steps[name].is_join else _met(arriving)
        others = frozenset((OTHERS,)) if facts.is_open else frozenset()
        after = _Arrival(before.some | others | facts.writes.keys(), before.every | facts.writes.keys())
        if (before, after) == (self.before.get(name), self.after.get(name)):
            return False
        self.before[name], self.after[name] = before, after
        return True


def _met(arriving: list[_Arrival]) -> _Arrival:
    some = frozenset().union(*(each.some for each in arriving))
    return _Arrival(some, arriving[0].every.intersection(*(each.every for each in arriving)))


def _merged(arriving: list[_Arrival], merges: Iterable[Merge]) -> _Arrival:
    """What is set on one branch and on no other passes a merge as well."""
    some: frozenset[str] = frozenset()
    every: frozenset[str] = frozenset()
    for merge in merges:
        if merge.include:
            some |= frozenset(merge.include)
            every |= frozenset(merge.include)
            continue
        excluded = frozenset(merge.exclude or ())
        some |= frozenset().union(*(each.some for each in arriving)) - excluded
        every |= frozenset().union(*(each.every for each in arriving)) - excluded
    return _Arrival(some, every)


def _first_of_each(reads: Iterable[Read]) -> list[Read]:
    """Give one read a name, a certain one when there is one."""
    found: dict[str, Read] = {}
    for read in reads:
        known = found.get(read.name)
        if known is None or (read.is_certain and not known.is_certain):
            found[read.name] = read
    return list(found.values())


def _check_step(step: StepSource, facts: Facts, known: _Arrivals) -> list[Mistake]:
    found = []
    for read in _first_of_each(facts.reads):
        is_empty_join = step.is_join and not read.is_after_merge
        arrival = _NOTHING if is_empty_join else known.before[step.name]
        if read.name in arrival.every:
            continue
        setters = known.setters(read.name)
        if read.name in arrival.some:
            found += [_sometimes_set(step, read, setters)] if read.is_certain and OTHERS not in arrival.some else []
        elif OTHERS in arrival.some:
            found += [_perhaps_set(step, read)] if read.is_certain else []
        elif is_empty_join and setters:
            found.append(_not_taken_over(step, read))
        else:
            names = {name for each in known.facts.values() for name in each.writes}
            found.append(_never_set(step, read, names, setters))
    return found


def _never_set(step: StepSource, read: Read, names: Iterable[str], setters: Iterable[str] = ()) -> Mistake:
    text = f"step `{step.name}` reads `self.{read.name}`, which no step before it sets"
    listed = ", ".join(f"`{setter}`" for setter in setters)
    hint = f"it is set in {listed}, which does not come before" if listed else did_you_mean(read.name, names)
    return _mistake(text, read, hint or f"set `self.{read.name}` in a step before", is_error=read.is_certain)


def _not_taken_over(step: StepSource, read: Read) -> Mistake:
    text = f"step `{step.name}` reads `self.{read.name}`, but a join starts without the artifacts of its inputs"
    hint = f"take it from `inputs`, or call self.merge_artifacts(inputs) before line {read.line}"
    return _mistake(text, read, hint, is_error=read.is_certain)


def _sometimes_set(step: StepSource, read: Read, setters: Iterable[str]) -> Mistake:
    listed = ", ".join(f"`{setter}`" for setter in setters)
    text = f"step `{step.name}` reads `self.{read.name}`, which is set on some ways to it only: in {listed}"
    return _mistake(text, read, f"set `self.{read.name}` on the other ways too, or before they part", is_error=False)


def _perhaps_set(step: StepSource, read: Read) -> Mistake:
    text = f"step `{step.name}` reads `self.{read.name}`, which no step before it sets by that name"
    return _mistake(
        text, read, "all is well if it is set through `setattr`, `self.__dict__` or a function", is_error=False
    )


def _mistake(text: str, read: Read, hint: str, *, is_error: bool) -> Mistake:
    return Mistake(text, shown(read.file), read.line, hint=hint, is_error=is_error)


def _check_inputs(flow: type, step: StepSource, facts: Facts, known: _Arrivals) -> list[Mistake]:
    sources = known.sources[step.name]
    found = {}
    for read in facts.input_reads:
        if (read.step, read.name) in found or any(read.name in vars(cls) for cls in flow.__mro__):
            continue
        mistake = _check_input(step, read, sources, known)
        if mistake is not None:
            found[read.step, read.name] = mistake
    return list(found.values())


def _check_input(step: StepSource, read: InputRead, sources: list[str], known: _Arrivals) -> Mistake | None:
    where = "inputs" if read.step is None else f"inputs.{read.step}"
    if read.step is not None and read.step not in sources:
        text = f"join `{step.name}` reads `{where}`, but `{read.step}` does not lead to it"
        return step.mistake(text, did_you_mean(read.step, sources, what="the inputs"), line=read.line)
    asked = sources if read.step is None else [read.step]
    arrivals = [known.after[source] for source in asked if source in known.after]
    lacking = [each for each in arrivals if read.name not in each.some]
    if not lacking or any(OTHERS in each.some for each in lacking):
        return None
    is_error = read.is_certain and len(lacking) == len(arrivals)
    some = "no input" if len(lacking) == len(arrivals) else "not every input"
    text = f"join `{step.name}` reads `{read.name}` from `{where}`, but {some} of that kind has it"
    names = {name for each in arrivals for name in each.some}
    hint = did_you_mean(read.name, names - {read.name}) if len(lacking) == len(arrivals) else ""
    hint = hint or f"set `self.{read.name}` in {', '.join(f'`{each}`' for each in asked)}"
    return step.mistake(text, hint, line=read.line, is_error=is_error)
