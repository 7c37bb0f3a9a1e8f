"""Tells people that a new version went back by itself: once, also when the host died before it could."""

from headwater.home import Home
from headwater.hosting.rollout.files import page_path
from headwater.hosting.rollout.judge import Judgement
from headwater.hosting.rollout.records import Rollouts
from headwater.hosting.rollout.states import HOST, RolloutState
from headwater.hosting.telling import publish_alert
from headwater.hosting.versions import find_version, target_of
from headwater.model.alert import ROLLED_BACK, Alert
from headwater.model.ports import Ledger

#: A host that starts tells of what went back within so many seconds before, lest nobody has.
_AGO_SECONDS = 86400.0
#: Longest title; mail programs cut at about here.
_LONGEST_TITLE = 180


def tell_rolled_back(home: Home, rollout: RolloutState) -> None:
    """Publish that the host rolled a version back; silent when it was not the host, or it did not go back."""
    if rollout.state == "rolled_back" and rollout.user == HOST:
        alert = _alert(home.ledger, rollout, page_path(home.path, rollout.service, rollout.number))
        publish_alert(home.ledger, ROLLED_BACK, alert, rollout.service, rollout.number)


def tell_again(home: Home, service: str, now: float) -> None:
    """Publish what went back lately: the host may have died before it told. What was told stays told once."""
    for rollout in Rollouts(home.ledger).all(service):
        if rollout.since > now - _AGO_SECONDS:
            tell_rolled_back(home, rollout)


def _alert(ledger: Ledger, rollout: RolloutState, page: str) -> Alert:
    service, number = rollout.service, rollout.number
    target = target_of(service)
    reason, _, detail = rollout.reason.partition("\n")
    title = f"{target}: version {number} was rolled back: {reason}"
    candidate = find_version(ledger, service, number)
    blocks = [
        f"{service}, version {number}, did not take over from version {rollout.live}, which answers alone: {reason}",
        detail.strip(),
        "\n".join(_origin(ledger, service, each) for each in (rollout.live, number)),
        "" if rollout.judgement is None else _numbers(rollout.judgement),
        "\n".join(
            [
                "what to type",
                f"  headwater service rollout {service} --version {number}",
                f"  headwater service logs {service} --version {number}",
                f"the numbers: {page}",
            ]
        ),
    ]
    return Alert(
        f"rollback:{service}/{number}",
        "rollout",
        rollout.since,
        target,
        title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1] + "…",
        "\n\n".join(block for block in blocks if block),
        run=candidate.version.run,
    )


def _origin(ledger: Ledger, service: str, number: int) -> str:
    deployed = find_version(ledger, service, number)
    note = f": {deployed.note}" if deployed.note else ""
    return f"version {number}: from {deployed.version.run or 'no run'}, deployed by {deployed.user}{note}"


def _numbers(judgement: Judgement) -> str:
    """Say what was counted of both versions, a line each way of being worse."""
    lines = [
        f"  {one.name}: {one.counts.candidate_bad:,} of {one.counts.candidate:,}, "
        f"{one.counts.live_bad:,} of {one.counts.live:,} of the live version"
        for one in judgement.signals
    ]
    return "\n".join(["what callers saw", *lines]) if judgement.candidate else ""
