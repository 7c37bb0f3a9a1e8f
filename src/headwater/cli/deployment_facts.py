"""What commands say of deployments: as lines for people and as JSON."""

from collections.abc import Iterator
from datetime import UTC, datetime

from headwater.home import Home
from headwater.model.deployment import AliasState, Deployment
from headwater.model.production import Schedule
from headwater.production.slots import zone_of
from headwater.production.upcoming import next_firings


def firing_lines(deployment: Deployment, state: AliasState, now: float) -> Iterator[str]:
    """Say when the deployment fires next, in UTC and in the zones of its schedules and of the reader."""
    if state.shadow_of is not None:
        yield f"runs with each run of {state.shadow_of}, and by itself never"
        return
    if state.is_paused and (deployment.graph.production.schedules or deployment.graph.production.triggers):
        yield f"paused: nothing fires until `headwater deployment unpause {state.target}`"
    for schedule in deployment.graph.production.schedules:
        times = next_firings(schedule, state.target, now)
        name = schedule.key
        if not times:
            yield f"schedule {name}: it has ended and never fires again"
        for at in times:
            yield f"schedule {name}: {utc_and_local(at, schedule)}"
    for triggers in deployment.graph.production.triggers:
        names = [
            *(f"event {each.name}" for each in triggers.events),
            *(f"{each.flow} succeeds" for each in triggers.flows),
        ]
        yield f"starts when: {' and '.join(names)}"


def utc_and_local(at: float, schedule: Schedule | None = None) -> str:
    """Write a time in UTC, on the clock of its schedule, and on the reader's, as far as these differ."""
    utc = datetime.fromtimestamp(at, UTC)
    here = utc.astimezone()
    others = [] if schedule is None else [(utc.astimezone(zone_of(schedule.timezone)), schedule.timezone)]
    others.append((here, "here"))
    said = [utc.replace(tzinfo=None)]
    shown: list[str] = []
    for moment, name in others:
        wall = moment.replace(tzinfo=None)
        if wall not in said:
            said.append(wall)
            pattern = "%H:%M" if wall.date() == utc.date() else "%Y-%m-%d %H:%M"
            shown.append(f"{wall.strftime(pattern)} {name}")
    text = utc.strftime("%Y-%m-%d %H:%M:%S UTC" if utc.second else "%Y-%m-%d %H:%M UTC")
    return text + (f" ({', '.join(shown)})" if shown else "")


def no_daemon_lines(home: Home, deployment: Deployment) -> Iterator[str]:
    """Say that nothing fires when no daemon runs, and the command that starts one."""
    if home.ledger.leader("daemon") is not None:
        return
    production = deployment.graph.production
    what = "nothing fires by itself" if production.schedules or production.triggers else "no run of it starts"
    yield f"no daemon runs on this store: {what} until one does; start it with: headwater up"


def state_facts(state: AliasState) -> dict[str, object]:
    """What JSON says of where an alias stands; never its token."""
    return {
        "target": state.target,
        "name": state.name,
        "alias": state.alias,
        "deployment": state.number if state.deployment is not None else None,
        "change": state.change,
        "changed_at": state.at,
        "changed_by": state.user,
        "reason": state.reason,
        "owner": state.owner,
        "has_token": state.token_hash is not None,
        "is_paused": state.is_paused,
        "pending": state.pending,
        "shadow_of": state.shadow_of,
        "shadow_runs": state.shadow_runs,
        "has_secrets": state.has_secrets,
    }


def deployment_facts(deployment: Deployment) -> dict[str, object]:
    """What JSON says of a deployment."""
    return {
        "number": deployment.number,
        "id": deployment.id,
        "flow": deployment.flow,
        "digest": deployment.digest,
        "deployed_at": deployment.at,
        "deployed_by": deployment.user,
        "host": deployment.host,
        "root": deployment.code.root,
        "file": deployment.code.file,
        "tree": deployment.code.tree,
        "files": deployment.files,
        "size_bytes": deployment.size_bytes,
        "environments": deployment.environments,
        "python": deployment.python,
        "project": deployment.project,
        "tags": deployment.tags,
        "note": deployment.note,
    }


def schedule_facts(deployment: Deployment, state: AliasState, now: float) -> list[dict[str, object]]:
    """What JSON says of a deployment's schedules."""
    return [
        {
            "name": schedule.key,
            "cron": schedule.cron,
            "timezone": schedule.timezone,
            "next": [] if state.is_paused or state.shadow_of is not None else next_firings(schedule, state.target, now),
        }
        for schedule in deployment.graph.production.schedules
    ]
