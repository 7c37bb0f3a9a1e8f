"""What commands say of backfills: as lines for people and as JSON."""

from typing import TextIO

from headwater.cli.deployment_facts import utc_and_local
from headwater.cli.words import duration, local_time
from headwater.model.production import Schedule
from headwater.production.backfill import Backfill
from headwater.production.backfill_plan import Preview
from headwater.production.backfill_progress import Progress, SlotState
from headwater.production.slots import wall_time, zone_of


def print_preview(preview: Preview, out: TextIO) -> None:
    """Print what a backfill comes to."""
    backfill = preview.backfill
    lines: list[tuple[str, object]] = [
        ("runs", f"{backfill.total} of {backfill.target}, deployment {backfill.number}"),
        ("slots", slots_text(backfill)),
        ("first slot", time_text(backfill, preview.first_slot)),
        ("last slot", time_text(backfill, preview.last_slot)),
        ("left out", _left_out_text(backfill)),
        ("parallel", f"{backfill.parallel} at the same time"),
        ("takes", _takes_text(preview)),
        ("beware", _others_text(preview)),
    ]
    for name, text in lines:
        if text:
            print(f"{name:<11} {text}", file=out)


def slots_text(backfill: Backfill) -> str:
    """Say which slots it runs."""
    if backfill.schedule is not None:
        name = f"`{backfill.schedule.name}`, " if backfill.schedule.name != backfill.schedule.cron else ""
        return f"of the schedule {name}{backfill.schedule.cron}, {backfill.timezone}"
    return f"every {backfill.every}, on the clocks of {backfill.timezone}"


def time_text(backfill: Backfill, at: float) -> str:
    """Write a time in UTC and on the clocks of its zone."""
    return utc_and_local(at, Schedule(cron="* * * * *", timezone=backfill.timezone))


def _left_out_text(backfill: Backfill) -> str:
    if not backfill.left_out:
        return ""
    return f"{len(backfill.left_out)} with a run that succeeded or is under way (--again runs them again)"


def _takes_text(preview: Preview) -> str:
    usual, seconds = preview.usual, preview.seconds
    if usual is None or seconds is None:
        return f"unknown: {preview.backfill.target} has no successful run to tell from"
    whose = "runs" if usual.number is None else f"runs of deployment {usual.number}"
    return f"about {duration(seconds)}: {whose} took {duration(usual.seconds)} (median of {usual.runs})"


def _others_text(preview: Preview) -> str:
    return "" if not preview.others else f"{', '.join(preview.others)} runs slots of the same stretch"


def preview_facts(preview: Preview) -> dict[str, object]:
    """What JSON says of a backfill that nobody has started."""
    usual = preview.usual
    return {
        **_backfill_facts(preview.backfill),
        "first_slot": preview.first_slot,
        "last_slot": preview.last_slot,
        "usual_seconds": None if usual is None else usual.seconds,
        "seconds": preview.seconds,
        "others": preview.others,
    }


def progress_facts(progress: Progress) -> dict[str, object]:
    """What JSON says of a backfill and how far it is."""
    return {**_backfill_facts(progress.backfill), "status": progress.status, "counts": progress.counts}


def _backfill_facts(backfill: Backfill) -> dict[str, object]:
    return {
        "id": backfill.id or None,
        "target": backfill.target,
        "deployment": backfill.number,
        "from": backfill.first,
        "to": backfill.until,
        "total": backfill.total,
        "left_out": sorted(backfill.left_out),
        "schedule": None if backfill.schedule is None else backfill.schedule.cron,
        "every": backfill.every,
        "timezone": backfill.timezone,
        "parallel": backfill.parallel,
        "priority": backfill.priority,
        "parameters": backfill.parameters,
        "started_at": backfill.at,
        "user": backfill.user,
        "cancelled_at": backfill.cancelled_at,
        "cancelled_by": backfill.cancelled_by or None,
    }


def slot_facts(progress: Progress) -> list[dict[str, object]]:
    """What JSON says of its slots."""
    return [
        {
            "slot": each.slot,
            "run": None if each.run is None else each.run.path,
            "status": each.verdict if each.run is None else each.run.status,
            "reason": each.reason,
        }
        for each in progress.slots
    ]


def progress_line(progress: Progress) -> tuple[object, ...]:
    """Give its line in the list."""
    backfill = progress.backfill
    return (
        backfill.id,
        progress.status,
        f"{backfill.target}, {backfill.number}",
        _shown(backfill, backfill.first),
        _shown(backfill, backfill.until),
        backfill.total,
        counts_text(progress),
        local_time(backfill.at),
        backfill.user,
    )


def counts_text(progress: Progress) -> str:
    """`12 succeeded, 1 failed, 46 to come`."""
    return ", ".join(f"{count} {status}" for status, count in sorted(progress.counts.items()))


def cancelled_text(backfill: Backfill) -> str | None:
    """Say who cancelled it; None = nobody."""
    if backfill.cancelled_at is None:
        return None
    return f"{local_time(backfill.cancelled_at)} by {backfill.cancelled_by}"


def slot_line(backfill: Backfill, each: SlotState) -> tuple[object, ...]:
    """Give the line of one of its slots."""
    row = each.run
    slot = _shown(backfill, each.slot)
    if row is None:
        return slot, "", each.verdict, "", each.reason
    took = "" if row.finished_at is None else duration(row.finished_at - row.started_at)
    return slot, row.path, row.status, took, row.message


def _shown(backfill: Backfill, at: float) -> str:
    return f"{wall_time(at, zone_of(backfill.timezone)):%Y-%m-%d %H:%M}"
