"""`headwater service rollout`: how a new version takes over, with its numbers."""

import click
import msgspec

from headwater.cli.printing import print_facts, print_json, print_table
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.words import local_time
from headwater.hosting.rollout.files import Progress, page_path, read_progress
from headwater.hosting.rollout.judge import Judged, Judgement, requests_needed
from headwater.hosting.rollout.records import Rollouts
from headwater.hosting.rollout.states import RolloutState, duration_words
from headwater.hosting.status import read_status
from headwater.hosting.versions import require_service
from headwater.model.errors import NotFound
from headwater.model.service import Rollout


@click.command("rollout")
@click.argument("name", metavar="SERVICE")
@click.option("--version", "number", type=click.IntRange(1), help="Which  [default: the latest].")
@gives_json
@reads_store
def rollout(name: str, number: int | None, as_json: bool, home: str | None) -> int:
    """Show how a new version takes over: its share of the requests, what was counted, and what that comes to."""
    with opened(home) as view:
        service = require_service(view.ledger, name).name
        rollouts = Rollouts(view.ledger)
        found = [each for each in rollouts.all(service) if number in (None, each.number)]
        if not found:
            hint = "class attribute `rollout = Canary(steps=[10, 50])`; a version that was first, or is ready, has none"
            raise NotFound(f"{service} has no rollout" + (f" of version {number}" if number else ""), hint=hint)
        latest = found[-1]
        history = rollouts.history(service, latest.number)
        progress = None if latest.is_over else read_progress(view.home.path, latest)
        host = read_status(view.home)
        page = page_path(view.home.path, service, latest.number) if host is None else _address(host.url, latest)
    judgement = latest.judgement if progress is None else progress.judgement
    if as_json:
        print_json(_facts(latest, history, judgement, progress, page))
        return 0
    _print(latest, judgement, progress, page)
    if host is None and not latest.is_over:
        print("\nno host runs: nothing is counted until one does (headwater up)")
    print()
    rows = [(local_time(each.since), each.words, each.user, each.reason) for each in history]
    print_table(("since", "stands", "by", "because"), rows)
    return 0


def plan_text(begun: RolloutState) -> str:
    """Say what a rollout will take, before it has begun."""
    plan = begun.plan
    lines = [f"shadow: {duration_words(plan.shadow_seconds)}, unheard"] if plan.shadow_seconds else []
    for each in requests_needed(plan):
        lines.append(
            f"{each.share:g} %: {each.candidate:,} requests to it ({each.total:,} in all) if it is no worse; "
            f"{each.failures} failures in a row end it"
        )
    lines.append(f"if the numbers do not decide within {duration_words(plan.step_seconds)}: {_inconclusive(plan)}")
    return "\n".join(lines)


def _inconclusive(plan: Rollout) -> str:
    return {"hold": "it stays at its share (hold)", "promote": "it goes on", "rollback": "it is rolled back"}[
        plan.on_inconclusive
    ]


def _address(url: str, latest: RolloutState) -> str:
    return f"{url}/{latest.service}/rollouts/{latest.number}"


def _print(latest: RolloutState, judgement: Judgement | None, progress: Progress | None, page: str) -> None:
    print(f"{latest.service}, version {latest.number}, compared with version {latest.live}")
    print()
    facts: list[tuple[str, object]] = [("stands", latest.words), ("since", local_time(latest.since))]
    if judgement is not None:
        facts.append(("verdict", f"{judgement.verdict.replace('_', ' ')}: {judgement.reason}"))
        if judgement.compared:
            facts.append(("same answers", f"{judgement.equal:,} of {judgement.compared:,}"))
        facts += [("shift", str(shift)) for shift in judgement.shifts]
    if progress is not None and progress.dropped:
        facts.append(("not shadowed", f"{progress.dropped:,} requests: it had enough to do"))
    facts.append(("page", page))
    print_facts(facts)
    if judgement is not None:
        print()
        heads = ("", "live", "candidate", "worse", "enough at", "not worse", "enough at")
        print_table(heads, [_row(one) for one in judgement.signals])


def _row(one: Judged) -> tuple[object, ...]:
    counts = one.counts
    return (
        one.name,
        f"{counts.live_bad:,} of {counts.live:,}",
        f"{counts.candidate_bad:,} of {counts.candidate:,}",
        f"{one.worse:,.3g}",
        f"{one.worse_at:,.0f}",
        f"{one.fine:,.3g}",
        f"{one.fine_at:,.0f}",
    )


def _facts(
    latest: RolloutState,
    history: list[RolloutState],
    judgement: Judgement | None,
    progress: Progress | None,
    page: str,
) -> dict[str, object]:
    return {
        "service": latest.service,
        "version": latest.number,
        "live": latest.live,
        "state": latest.state,
        "share": latest.share,
        "since": latest.since,
        "reason": latest.reason,
        "judgement": None if judgement is None else msgspec.to_builtins(judgement),
        "counted_at": None if progress is None else progress.at,
        "not_shadowed": 0 if progress is None else progress.dropped,
        "needed": [msgspec.to_builtins(each) for each in requests_needed(latest.plan)],
        "page": page,
        "history": [
            {"state": each.words, "since": each.since, "user": each.user, "reason": each.reason} for each in history
        ],
    }
