"""Which runs get a driver next, and which have to give way; decided from what stands alone."""

from collections import Counter
from collections.abc import Iterator

from headwater.model.ids import RunId
from headwater.production.standing import ActiveRun, Deployed, Standing

#: Started by something that comes again and again; a newer one may stand in for an older.
_RECURRING = ("schedule", "event", "finish", "shadow")


def choose_runs(standing: Standing, now: float) -> list[ActiveRun]:
    """Give the runs to drive now, first come first, within the limits of their pools and deployments.

    What had begun goes on before anything new, of one kind the higher priority before the lower, the older before the
    younger. Runs at gates hold no place in a pool.
    """
    driven = Counter(run.launch.pool for run in standing.runs.values() if run.stage == "driven")
    begun = Counter(_group(run) for run in standing.runs.values() if run.has_begun)
    chosen = []
    for run in sorted(_ready(standing, now), key=_rank):
        if driven[run.launch.pool] >= standing.pools.size(run.launch.pool):
            continue
        if not run.has_begun:
            limit = _limit(run, standing.deployed.get(run.launch.target))
            if limit is not None and _count(begun, run, standing) >= limit:
                continue
            begun[_group(run)] += 1
        driven[run.launch.pool] += 1
        chosen.append(run)
    return chosen


def choose_cancels(standing: Standing) -> list[tuple[ActiveRun, str]]:
    """Give the runs to cancel, each with the reason.

    Of a deployment with `cancel_previous` only the newest run stays; of a deleted one, nothing that has not begun.
    """
    chosen = []
    newest: dict[str, ActiveRun] = {}
    for run in standing.runs.values():
        if run.launch.trigger.kind in _RECURRING and _cancels_previous(standing, run.launch.target):
            newest[run.launch.target] = run
    for run in standing.runs.values():
        if run.is_cancelled:
            continue
        target = run.launch.target
        follower = newest.get(target)
        if target not in standing.deployed and not run.has_begun:
            chosen.append((run, f"{target} was deleted"))
        elif follower is not None and follower is not run and not run.is_backfill and _is_before(run, follower):
            chosen.append((run, f"{follower.path} takes its place"))
    return chosen


def next_look(standing: Standing, now: float) -> float | None:
    """Give when a run may be driven that may not be driven yet; None when there is none."""
    later = [run.not_before for run in standing.runs.values() if run.stage != "driven" and run.not_before > now]
    later += [run.expires_at for run in standing.runs.values() if run.stage == "waiting" and run.expires_at is not None]
    return min((at for at in later if at > now), default=None)


def _ready(standing: Standing, now: float) -> Iterator[ActiveRun]:
    for run in standing.runs.values():
        if run.stage == "driven" or run.not_before > now:
            continue
        if run.stage == "waiting" and not (run.has_news or (run.expires_at is not None and run.expires_at <= now)):
            continue
        if run.stage == "queued" and _is_held(run, standing.deployed.get(run.launch.target)):
            continue
        yield run


def _is_held(run: ActiveRun, deployed: Deployed | None) -> bool:
    """Nothing new begins of a deployment that is paused or deleted, unless a person asks for it."""
    if run.is_cancelled:
        return False  # its driver died before it could read that: the next one ends it
    if deployed is None:
        return True
    return deployed.state.is_paused and run.launch.trigger.kind != "person"


def _rank(run: ActiveRun) -> tuple[bool, int, float, RunId]:
    return not run.has_begun, -run.launch.priority, run.queued_at, run.run


def _group(run: ActiveRun) -> tuple[str, bool]:
    return run.launch.target, run.is_backfill


def _count(begun: Counter[tuple[str, bool]], run: ActiveRun, standing: Standing) -> int:
    """Count the runs that stand in this one's way: a limit that somebody set counts those of backfills too."""
    target = run.launch.target
    deployed = standing.deployed.get(target)
    if deployed is not None and deployed.policy.max_parallel is not None:
        return begun[target, True] + begun[target, False]
    return begun[_group(run)]


def _limit(run: ActiveRun, deployed: Deployed | None) -> int | None:
    if deployed is None:
        return None
    policy = deployed.policy
    if policy.max_parallel is not None:
        return policy.max_parallel
    if run.is_backfill or policy.overlap == "allow":
        return None  # a backfill has a limit of its own, by which its runs were launched
    return 1


def _cancels_previous(standing: Standing, target: str) -> bool:
    deployed = standing.deployed.get(target)
    return deployed is not None and deployed.policy.overlap == "cancel_previous"


def _is_before(run: ActiveRun, other: ActiveRun) -> bool:
    return (run.queued_at, run.run) < (other.queued_at, other.run)
