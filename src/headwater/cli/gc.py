"""`headwater gc`: removes objects that nothing refers to."""

import os
import sys
import time

import click
import msgspec

from headwater.cli.printing import print_json
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.upkeep import reachable
from headwater.cli.words import bytes_text
from headwater.deployments.unused_packages import remove_unused_packages
from headwater.home import Home
from headwater.model.errors import UserMistake
from headwater.model.ids import Digest
from headwater.store.place_disk import DiskPlace
from headwater.store.sweep import SweepPlan, empty_trash, plan_sweep, sweep

#: How long removed objects stay in the trash.
_GRACE_SECONDS = 24 * 3600
#: What was written within so long is spared: who packages a deployment or builds an environment holds it only at the
#: end, when all of it is there.
_YOUNG_SECONDS = 3600


class Removal(msgspec.Struct):
    """What `gc` would do or did; one JSON object."""

    #: Nothing was changed.
    is_dry_run: bool
    #: Objects that nothing refers to, and the bytes of their files.
    objects: int
    bytes: int
    #: Half-written files that a killed process left.
    temporaries: int
    #: Small objects, rows of the ledger, that nothing refers to, and their bytes.
    small_objects: int
    small_bytes: int
    #: Objects that some run or deployment holds, and those that nothing holds but that are too new to be removed.
    kept: int
    spared: int
    #: Nothing written since is touched: when the oldest open run started, at least an hour ago; Unix time.
    spare_newer_than: float
    #: Objects that somebody began to use meanwhile, and that are back.
    put_back: int = 0
    #: Bytes that left the disk: what had been in the trash long enough.
    freed_bytes: int = 0


@click.command("gc")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@click.option("--purge", "is_purging", is_flag=True, help="Empty the trash now, not what lies there for 24 hours.")
@gives_json
@reads_store
def command(is_dry_run: bool, is_sure: bool, is_purging: bool, as_json: bool, home: str | None) -> int:
    """Remove objects that nothing refers to: values of attempts that failed, and what a killed process left.

    Nothing that a run or a deployment holds is touched, nor what was written within an hour or since the oldest open
    run began (`cancel` or `resume` ends interrupted ones). Objects go to the trash of the store and leave the disk
    after 24 hours.

    On another machine than the store's, what is kept there of it is removed, what was not used for longest first, as
    far as it is more than HEADWATER_SERVER_CACHE says (--purge: all of it); it is fetched again when it is needed.
    """
    with opened(home) as view:
        if view.home.is_far:
            _trim(view.home, is_dry_run=is_dry_run, is_purging=is_purging, as_json=as_json)
            return 0
        place = view.home.place
        assert isinstance(place, DiskPlace)
        plan, small = _plan(view.home, place)
        removal = _planned(plan, small, is_dry_run=is_dry_run)
        if not as_json:
            _print_plan(removal)
        if not is_dry_run and _is_wanted(removal, is_sure=is_sure):
            _remove(view.home, place, plan, list(small), removal, is_purging=is_purging)
            if not as_json:
                _print_done(view.home, removal)
        if as_json:
            print_json(removal)
    return 0


def _trim(home: Home, *, is_dry_run: bool, is_purging: bool, as_json: bool) -> None:
    """Remove what is kept here of a server's store, and say so; nobody need be asked, because it is fetched again."""
    limit = 0 if is_purging else home.cache_bytes
    now = time.time()
    trimmed = home.trim(limit, now, is_dry_run=is_dry_run)
    removal = Removal(
        is_dry_run,
        objects=trimmed.removed,
        bytes=trimmed.removed_bytes,
        temporaries=0,
        small_objects=0,
        small_bytes=0,
        kept=trimmed.objects - trimmed.removed,
        spared=trimmed.spared,
        spare_newer_than=now - _YOUNG_SECONDS,
        freed_bytes=0 if is_dry_run else trimmed.removed_bytes,
    )
    if as_json:
        print_json(removal)
        return
    removed = f"{trimmed.removed} objects of {home.name}, {bytes_text(trimmed.removed_bytes)}, "
    print(removed + ("would be removed here" if is_dry_run else "are removed here"))
    left = bytes_text(trimmed.bytes - trimmed.removed_bytes)
    spared = f"; {trimmed.spared} are in use or still to be sent" if trimmed.spared else ""
    print(f"{removal.kept} are kept here, {left} of at most {bytes_text(home.cache_bytes)}{spared}")


def _plan(home: Home, place: DiskPlace) -> tuple[SweepPlan, dict[Digest, int]]:
    """List what would go: objects of the folder, and small ones with their bytes."""
    # Asked first: a run that starts from now on touches what it relies on.
    now = time.time()
    oldest = home.ledger.oldest_live_run()
    needed = reachable(home)
    young = now - _YOUNG_SECONDS
    plan = plan_sweep(place, needed, young if oldest is None else min(young, oldest))
    small = {digest: size for digest, size in home.ledger.small_sizes() if digest not in needed}
    return plan, small


def _planned(plan: SweepPlan, small: dict[Digest, int], *, is_dry_run: bool) -> Removal:
    return Removal(
        is_dry_run,
        objects=len(plan.listing),
        bytes=plan.bytes,
        temporaries=len(plan.temporaries),
        small_objects=len(small),
        small_bytes=sum(small.values()),
        kept=plan.kept,
        spared=plan.spared,
        spare_newer_than=plan.spare_newer_than,
    )


def _is_wanted(removal: Removal, *, is_sure: bool) -> bool:
    """Ask, unless there is nothing to remove: then the trash is still looked after."""
    if is_sure or not (removal.objects or removal.temporaries or removal.small_objects):
        return True
    if not sys.stdin.isatty():
        raise UserMistake("nobody is here to ask", hint="`--yes` removes without asking, `--dry-run` only says what")
    return click.confirm("remove them?", err=True)


def _remove(
    home: Home, place: DiskPlace, plan: SweepPlan, small: list[Digest], removal: Removal, *, is_purging: bool
) -> None:
    trash = os.path.join(home.path, "trash")
    swept = sweep(place, plan, lambda: reachable(home), trash)
    removal.objects = len(swept.moved)
    removal.put_back = len(swept.put_back)
    removal.small_objects = len(home.ledger.delete_small(small))
    grace = 0.0 if is_purging else _GRACE_SECONDS
    # A file's change time may lie a little after a clock that was read before it.
    removal.freed_bytes = empty_trash(trash, time.time() - grace + (1.0 if is_purging else 0.0))
    removal.freed_bytes += remove_unused_packages(home, time.time() - _GRACE_SECONDS)


def _print_plan(removal: Removal) -> None:
    print(f"{removal.objects} objects of {bytes_text(removal.bytes)} are needed by nothing")
    if removal.small_objects:
        print(f"{removal.small_objects} small objects of {bytes_text(removal.small_bytes)} in the ledger likewise")
    if removal.temporaries:
        print(f"{removal.temporaries} half-written files are left over")
    spared = f", {removal.spared} are too new to tell" if removal.spared else ""
    print(f"{removal.kept} objects are needed{spared}")


def _print_done(home: Home, removal: Removal) -> None:
    if removal.objects:
        print(f"moved {removal.objects} objects to {home.path}/trash, from where they go after 24 hours (--purge: now)")
    if removal.put_back:
        print(f"put {removal.put_back} objects back: they came into use meanwhile")
    print(f"freed {bytes_text(removal.freed_bytes)}")
