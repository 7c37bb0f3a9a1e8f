"""`headwater service monitor`: how requests compare with what the model learned from."""

import time

import click
import msgspec

from headwater.cli.printing import print_json, print_table
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.hosting.monitor.files import page_path
from headwater.hosting.monitor.judge import statistics_of
from headwater.hosting.monitor.profile import Profile
from headwater.hosting.monitor.report import Seen, standing_words
from headwater.hosting.monitor.watch import look_now
from headwater.hosting.monitor.windows import Window
from headwater.hosting.monitor.wording import sentence_of, span, told_of, word_lines
from headwater.hosting.versions import find_version, require_service


@click.command("monitor")
@click.argument("name", metavar="SERVICE")
@gives_json
@reads_store
def monitor(name: str, as_json: bool, home: str | None) -> int:
    """Compare what is asked with what the model learned from: windows so far, and what came since the last one."""
    with opened(home) as view:
        state = require_service(view.ledger, name)
        deployed = find_version(view.ledger, state.name, state.number)
        seen = look_now(view.home, deployed, time.time())
        page = page_path(view.home.path, state.name)
    if as_json:
        print_json(_facts(seen, page))
        return 0
    print(f"{deployed.service}, version {deployed.number}: {standing_words(seen)}")
    if seen.profile is None:
        return 0
    if seen.profile.problem:
        print(seen.profile.problem)
    for column, one in ({} if seen.watching is None else seen.watching.standing).items():
        print(f"  {column}: {one.look} look" + (f", alert {one.cause}" if one.cause else ""))
    window = seen.current or (None if seen.watching is None else seen.watching.last)
    if window is not None:
        _print_window(seen.profile, window, is_current=seen.current is not None)
    if seen.watching is not None and seen.watching.truth is not None and seen.watching.truth.last is not None:
        _print_truth(seen.watching.truth.usual, seen.watching.truth.last)
    print(f"\nthe report: {page}")
    return 0


def _print_window(profile: Profile, window: Window, *, is_current: bool) -> None:
    which = "since the last window" if is_current else "the last window"
    print(f"\n{which}: {window.rows:,} rows in {span(window.until - window.since)}, compared with {profile.origin}\n")
    measures = {(column.name, measure.name): measure for column, measure in profile.measures}
    rows = []
    off = {finding.key for finding in window.alarming}
    for finding in window.findings:
        numbers = statistics_of(finding, measures[finding.column, finding.measure])
        rows.append(
            (
                window.names.get(finding.column, finding.column),
                finding.measure,
                "differs" if finding.key in off else "",
                f"{numbers.psi:.3f}",
                "-" if numbers.ks is None else f"{numbers.ks:.3f}",
                f"{finding.effect:+.2f}",
                f"{finding.p_value:.2g}",
            )
        )
    print_table(("column", "measure", "", "PSI", "KS", "h", "p"), rows)
    for told in told_of(profile, window, window.alarming):
        print(f"\n{told.name}")
        for line in (*(f"  {sentence}" for sentence in told.sentences), *word_lines(told.words)):
            print(line)


def _print_truth(usual: Profile, window: Window) -> None:
    print(f"\nlabels: {window.rows:,} answers compared with {usual.origin}")
    measures = {(column.name, measure.name): (column, measure) for column, measure in usual.measures}
    for finding in window.findings:
        print(f"  {finding.column}: {sentence_of(*measures[finding.column, finding.measure], finding)}")


def _facts(seen: Seen, page: str) -> dict[str, object]:
    profile, watching = seen.profile, seen.watching
    window = seen.current or (None if watching is None else watching.last)
    told = [] if profile is None or window is None else told_of(profile, window, window.alarming)
    return {
        "service": seen.deployed.service,
        "version": seen.deployed.number,
        "stands": standing_words(seen),
        "reference": None if profile is None else profile.origin,
        "is_learned": profile is not None and profile.is_learned,
        "problem": seen.problem or ("" if profile is None else profile.problem),
        "standing": msgspec.to_builtins({} if watching is None else watching.standing),
        "differs": msgspec.to_builtins(told),
        "window": msgspec.to_builtins(window),
        "labels": msgspec.to_builtins(None if watching is None or watching.truth is None else watching.truth.last),
        "report": page,
    }
