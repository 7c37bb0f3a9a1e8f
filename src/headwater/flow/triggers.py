"""Reads `@trigger` and `@trigger_on_finish`: events and finished runs after which a deployed flow starts."""

from collections.abc import Iterable, Mapping

from headwater.flow.argument_values import duration, only, text
from headwater.model.errors import InvalidDecorator
from headwater.model.ids import NAME
from headwater.model.production import EventTrigger, FinishTrigger, Triggers

#: What they take. `options` is accepted for flows that were written for other schedulers, and ignored.
ARGUMENTS = {
    "trigger": ("event", "events", "parameters", "window", "options"),
    "trigger_on_finish": ("flow", "flows", "window", "options"),
}
_EVENT = 'for instance @trigger(event="data_ready") or @trigger(event="data_ready", parameters={"day": "date"})'
_FLOW = 'for instance @trigger_on_finish(flow="Features") or @trigger_on_finish(flow="fraud.prod.Features")'


def read_trigger(given: Mapping[str, object]) -> Triggers:
    """Give the events of one `@trigger`; of several, all must come within the window.

    Raises:
        InvalidDecorator: no such argument, or a value that it cannot take.
    """
    known = only("trigger", given, ARGUMENTS["trigger"])
    events = tuple(_event(each) for each in _listed("trigger", "event", "events", known, _EVENT))
    if "parameters" in known:
        if len(events) != 1 or events[0].parameters is not None:
            hint = '@trigger(events=[{"name": "a", "parameters": {...}}, {"name": "b"}])'
            raise InvalidDecorator("`@trigger(parameters=...)` goes with one `event`", hint=f"else write {hint}")
        events = (EventTrigger(events[0].name, _mapping(events[0].name, known["parameters"])),)
    _refuse_twins("trigger", [event.name for event in events])
    return _windowed("trigger", known, Triggers(events=events))


def read_trigger_on_finish(given: Mapping[str, object]) -> Triggers:
    """Give the flows of one `@trigger_on_finish`; of several, all must have succeeded within the window.

    Raises:
        InvalidDecorator: no such argument, or a value that it cannot take.
    """
    known = only("trigger_on_finish", given, ARGUMENTS["trigger_on_finish"])
    flows = tuple(_flow(each) for each in _listed("trigger_on_finish", "flow", "flows", known, _FLOW))
    _refuse_twins("trigger_on_finish", [f"{flow.project}.{flow.branch}.{flow.flow}" for flow in flows])
    return _windowed("trigger_on_finish", known, Triggers(flows=flows))


def _listed(decorator: str, one: str, many: str, known: Mapping[str, object], example: str) -> list[object]:
    if (one in known) == (many in known):
        which = "both" if one in known else "neither"
        message = f"`@{decorator}` takes one of `{one}` and `{many}`, and was given {which}"
        raise InvalidDecorator(message, hint=example)
    if one in known:
        return [known[one]]
    listed = known[many]
    if isinstance(listed, str | Mapping) or not isinstance(listed, Iterable):
        raise InvalidDecorator(f"`@{decorator}({many}={listed!r:.100})`: {many} must be a list", hint=example)
    found = list(listed)
    if not found:
        raise InvalidDecorator(f"`@{decorator}({many}=[])` waits for nothing", hint=example)
    return found


def _event(given: object) -> EventTrigger:
    if isinstance(given, str):
        return EventTrigger(text("trigger", "event", given))
    if not isinstance(given, Mapping) or "name" not in given or set(given) - {"name", "parameters"}:
        hint = f'a name, or {{"name": ..., "parameters": ...}}; {_EVENT}'
        raise InvalidDecorator(f"`@trigger`: {given!r:.100} is no event", hint=hint)
    name = text("trigger", "name", given["name"])
    parameters = given.get("parameters")
    return EventTrigger(name, None if parameters is None else _mapping(name, parameters))


def _mapping(event: str, given: object) -> dict[str, str]:
    """Parameter -> field of the payload, from a dictionary, a list of names, or a list of such pairs."""
    pairs: list[object] = [given]
    if isinstance(given, Iterable) and not isinstance(given, str):
        pairs = list(given.items() if isinstance(given, Mapping) else given)
    mapping: dict[str, str] = {}
    for pair in pairs:
        names = (pair, pair) if isinstance(pair, str) else tuple(pair) if isinstance(pair, tuple | list) else ()
        if len(names) != 2 or not all(isinstance(name, str) and name for name in names):
            hint = 'write parameters={"parameter": "field of the payload"}'
            raise InvalidDecorator(f"`@trigger` on `{event}`: {pair!r:.100} maps no parameter", hint=hint)
        mapping[str(names[0])] = str(names[1])
    if not mapping:
        hint = "leave `parameters` out to take fields of the same name"
        raise InvalidDecorator(f"`@trigger` on `{event}`: {given!r:.100} maps no parameter", hint=hint)
    return mapping


def _flow(given: object) -> FinishTrigger:
    if isinstance(given, str):
        return _flow_named(given)
    if isinstance(given, Mapping) and "name" in given and not set(given) - {"name", "project", "project_branch"}:
        texts = {key: text("trigger_on_finish", key, value) for key, value in given.items() if value is not None}
        if "." not in texts["name"]:
            flow, project, branch = texts["name"], texts.get("project"), texts.get("project_branch")
            if branch is not None and project is None:
                hint = f"add its project, or write {_FLOW}"
                raise InvalidDecorator(f"`@trigger_on_finish`: the branch {branch} belongs to no project", hint=hint)
            return FinishTrigger(_checked_flow(flow), project, branch)
        if len(texts) == 1:
            return _flow_named(texts["name"])
    if isinstance(given, type):
        return FinishTrigger(_checked_flow(given.__name__))
    hint = f'a name, `project.branch.Flow`, or {{"name": ..., "project": ..., "project_branch": ...}}; {_FLOW}'
    raise InvalidDecorator(f"`@trigger_on_finish`: {given!r:.100} is no flow", hint=hint)


def _flow_named(name: str) -> FinishTrigger:
    project, _, rest = name.partition(".")
    if not rest:
        return FinishTrigger(_checked_flow(name))
    branch, _, flow = rest.rpartition(".")
    if not branch:
        hint = f"write it as {project}.prod.{flow} or {project}.user.ann.{flow}"
        raise InvalidDecorator(f"`@trigger_on_finish`: `{name}` has a project, but no branch", hint=hint)
    return FinishTrigger(_checked_flow(flow), project, "prod" if branch == "production" else branch)


def _checked_flow(name: str) -> str:
    if not NAME.match(name):
        raise InvalidDecorator(f"`@trigger_on_finish`: `{name}` cannot be the name of a flow", hint=_FLOW)
    return name


def _refuse_twins(decorator: str, names: list[str]) -> None:
    twins = sorted({name.removeprefix("None.None.") for name in names if names.count(name) > 1})
    if twins:
        raise InvalidDecorator(f"`@{decorator}` names `{twins[0]}` twice", hint="once is enough")


def _windowed(decorator: str, known: Mapping[str, object], triggers: Triggers) -> Triggers:
    if "window" not in known:
        return triggers
    window = duration(decorator, "window", known["window"])
    return Triggers(events=triggers.events, flows=triggers.flows, window_seconds=window)
