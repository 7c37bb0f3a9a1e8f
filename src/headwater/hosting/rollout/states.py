"""The states of a rollout, and what follows on what: data in, data out; the host acts on it, the record keeps it."""

from typing import Literal

import msgspec

from headwater.hosting.rollout.judge import PAIRED, Judgement, Needed, requests_needed
from headwater.model.service import Rollout

#: `shadow` and `share` go on by themselves; `held` goes on when the numbers decide, or a person does.
StateName = Literal["shadow", "share", "held", "promoted", "rolled_back", "ended"]
#: The service has one version again.
ENDS = ("promoted", "rolled_back", "ended")
#: Seconds of traffic after which a forecast is made, and how many times the allowed time it must exceed.
_FORECAST_SECONDS = 600.0
_FORECAST_TIMES = 4.0
#: Who decided, where it was nobody.
HOST = "host"


class RolloutState(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a rollout stands; record kind `rollout`, key `<service>/<number>`. Its versions are its history."""

    service: str
    #: Version that is to take over, and the one that it is compared with.
    number: int
    live: int
    plan: Rollout
    state: StateName
    #: When it began, and when this state did.
    began_at: float
    since: float
    #: Person, or `host`.
    user: str
    #: Which of the plan's shares; -1 = the shadow.
    step: int = -1
    reason: str = ""
    #: The numbers that led here; None = no numbers did.
    judgement: Judgement | None = None
    kind: str = "rollout"
    v: int = 1

    @property
    def is_over(self) -> bool:
        """The service has one version again."""
        return self.state in ENDS

    @property
    def is_shadow(self) -> bool:
        """Requests go to both, and the candidate is not heard."""
        return self.step < 0 and not self.is_over

    @property
    def share(self) -> float:
        """Probability that a request goes to the candidate."""
        return 0.0 if self.step < 0 or self.is_over else self.plan.steps[self.step] / 100

    @property
    def tally_share(self) -> float:
        """The same, as the judge counts: a shadowed request went to both."""
        return PAIRED if self.step < 0 else self.plan.steps[self.step] / 100

    @property
    def needed(self) -> Needed | None:
        """Requests that this share takes; None for the shadow."""
        return None if self.step < 0 else requests_needed(self.plan)[self.step]

    @property
    def words(self) -> str:
        """Where it stands, for people: `10 % of the requests`."""
        if self.is_over:
            return {"promoted": "promoted", "rolled_back": "rolled back", "ended": "ended"}[self.state]
        where = "in the shadow" if self.step < 0 else f"{self.plan.steps[self.step]:g} % of the requests"
        return f"held, {where}" if self.state == "held" else where


class Seen(msgspec.Struct, frozen=True):
    """What the host sees of a rollout now."""

    judgement: Judgement
    #: Why the candidate cannot answer at all; empty = it can.
    problem: str = ""


def first_state(service: str, number: int, live: int, plan: Rollout, *, user: str, at: float) -> RolloutState | None:
    """Begin a rollout; None when the plan is none: the version is ready to be promoted by hand."""
    if not plan.shadow_seconds and not plan.steps:
        return None
    step = -1 if plan.shadow_seconds else 0
    return RolloutState(service, number, live, plan, "shadow" if step < 0 else "share", at, at, user, step)


def decide(rollout: RolloutState, seen: Seen, now: float) -> RolloutState | None:
    """Give what follows now; None = it stands where it stands."""
    if rollout.is_over:
        return None
    judged = seen.judgement
    if seen.problem:
        return _moved(rollout, "rolled_back", now, seen.problem, judged)
    if judged.verdict == "worse":
        return _moved(rollout, "rolled_back", now, f"worse: {judged.reason}", judged)
    if rollout.state == "shadow" and now - rollout.since < rollout.plan.shadow_seconds:
        return None
    if rollout.state == "shadow" and rollout.plan.steps:
        return _next(rollout, now, f"not worse in the shadow of {judged.compared:,} requests", judged)
    if judged.verdict == "better_or_equal":
        return _next(rollout, now, f"better or equal: {judged.reason}", judged)
    if rollout.state == "held":
        return None
    why = _too_slow(rollout, judged, now)
    return None if why is None else _inconclusive(rollout, now, why, judged)


def ended(rollout: RolloutState, *, at: float, user: str, reason: str, state: StateName = "ended") -> RolloutState:
    """End it because somebody said so, or something else took its place."""
    return msgspec.structs.replace(rollout, state=state, since=at, user=user, reason=reason, judgement=None)


def _next(rollout: RolloutState, now: float, reason: str, judged: Judgement) -> RolloutState:
    if rollout.step + 1 >= len(rollout.plan.steps):
        return _moved(rollout, "promoted", now, reason, judged)
    return _moved(rollout, "share", now, reason, judged, rollout.step + 1)


def _inconclusive(rollout: RolloutState, now: float, why: str, judged: Judgement) -> RolloutState:
    reason = f"inconclusive: {why}"
    if rollout.plan.on_inconclusive == "promote":
        return _next(rollout, now, reason, judged)
    return _moved(rollout, "held" if rollout.plan.on_inconclusive == "hold" else "rolled_back", now, reason, judged)


def _moved(
    rollout: RolloutState, state: StateName, now: float, reason: str, judged: Judgement, step: int | None = None
) -> RolloutState:
    return msgspec.structs.replace(
        rollout,
        state=state,
        step=rollout.step if step is None else step,
        since=now,
        user=HOST,
        reason=reason,
        judgement=judged,
    )


def _too_slow(rollout: RolloutState, judged: Judgement, now: float) -> str | None:
    """Say that the numbers will not decide in time: the time is up, or at the present pace it will be."""
    elapsed, allowed = now - rollout.since, rollout.plan.step_seconds
    needed = rollout.needed
    if needed is None:
        return judged.reason
    if elapsed >= allowed:
        return f"{duration_words(allowed)} are over, and {judged.reason}"
    missing = needed.candidate - judged.candidate
    if elapsed < _FORECAST_SECONDS or missing <= 0:
        return None
    # One more than was seen: no request at all is no proof that none will ever come.
    pace = (judged.candidate + judged.live + 1) / elapsed
    if missing / (pace * rollout.tally_share) <= _FORECAST_TIMES * allowed:
        return None
    takes = needed.candidate / (pace * rollout.tally_share)
    return (
        f"at {round(pace * 3600):,} requests an hour, {needed.candidate:,} requests to the candidate take "
        f"{duration_words(takes)}, and {duration_words(allowed)} are allowed; {judged.reason}"
    )


def duration_words(seconds: float) -> str:
    """Give a length of time in the largest unit of which there are two: `24 hours`, `416 days`."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.0f} seconds"
