"""What the decorators of a flow's class say, as lines for people."""

from collections.abc import Iterator

from headwater.model.production import AlertRule, ExitHooks, ProductionOptions, RunPolicy, Schedule, Triggers


def production_lines(production: ProductionOptions) -> list[str]:
    """Give one line for each thing that a flow says of its life in production; none when it says nothing."""
    lines = [] if production.project is None else [f"project   {production.project}"]
    lines += [f"schedule  {_schedule(each)}" for each in production.schedules]
    lines += [f"trigger   {text}" for each in production.triggers for text in _triggers(each)]
    if production.policy != RunPolicy():
        lines.append(f"policy    {', '.join(_policy(production.policy))}")
    lines += [f"alert     {_alert(each)}" for each in production.alerts]
    lines += [f"promote   only if {condition}" for condition in production.promote_if]
    if production.approval is not None:
        lines.append(f"promote   only after approval (role {production.approval.role})")
    if production.exit_hooks != ExitHooks():
        hooks = production.exit_hooks
        lines += [f"exit hook {name}, on success" for name in hooks.on_success]
        lines += [f"exit hook {name}, on error" for name in hooks.on_error]
    return lines


def duration_text(seconds: float) -> str:
    """Give a duration in the largest unit that divides it: `2 d`, `90 s`."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _schedule(schedule: Schedule) -> str:
    named = f"{schedule.name}: " if schedule.name != schedule.cron else ""
    missed = "" if schedule.missed == "latest" else f", missed: {schedule.missed}"
    jitter = f", jitter {duration_text(schedule.jitter_seconds)}" if schedule.jitter_seconds else ""
    return f"{named}{schedule.cron} {schedule.timezone}{missed}{jitter}"


def _triggers(triggers: Triggers) -> Iterator[str]:
    many = len(triggers.events) + len(triggers.flows) > 1
    within = f", all within {duration_text(triggers.window_seconds)}" if many else ""
    if triggers.events:
        yield f"on {' and '.join(f'event {event.name}' for event in triggers.events)}{within}"
    if triggers.flows:
        names = [".".join(part for part in (each.project, each.branch, each.flow) if part) for each in triggers.flows]
        yield f"after {' and '.join(names)}{within}"


def _policy(policy: RunPolicy) -> Iterator[str]:
    yield f"overlap {policy.overlap}" + (f" (at most {policy.max_parallel})" if policy.max_parallel else "")
    if policy.pool != "default":
        yield f"pool {policy.pool}"
    if policy.priority:
        yield f"priority {policy.priority}"
    if policy.timeout_seconds is not None:
        yield f"at most {duration_text(policy.timeout_seconds)}"
    if policy.no_output_seconds is not None:
        yield f"silent at most {duration_text(policy.no_output_seconds)}"
    if policy.retries:
        yield f"{policy.retries} {'retry' if policy.retries == 1 else 'retries'}"


def _alert(rule: AlertRule) -> str:
    if rule.on == "late":
        return f"no success by {rule.by} {rule.timezone}"
    bounds = [
        f"{word} {bound:g}" for word, bound in (("below", rule.below), ("above", rule.above)) if bound is not None
    ]
    return f"{rule.metric} {' or '.join(bounds)}" if rule.on == "metric" else rule.on
