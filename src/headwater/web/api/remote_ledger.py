"""The ledger for who works with this store from another machine: a question a method, as `remote/wire.py` says."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from headwater.model.errors import VersionConflict
from headwater.model.launch import Firing, PublishedEvent
from headwater.model.overviews import ArtifactQuery, NamedArtifact
from headwater.model.records import Record
from headwater.model.rows import FiringQuery, Page, RunQuery, RunRow, TaskQuery, TaskRow
from headwater.remote import wire
from headwater.web.access import Role
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.remote.commits import checked_commit, require_held_refs, require_records
from headwater.web.routes import Route

Query = TypeVar("Query", RunQuery, TaskQuery, ArtifactQuery, FiringQuery)

#: Bytes of a page of events, after which it ends.
_PAGE_BYTES = 8 << 20


def remote_events(asked: Asked, body: wire.ReadEvents) -> wire.EventsFound:
    """Give events of a run, in order."""
    found: list[tuple[int, object]] = []
    size = 0
    for number, event in asked.ledger.events(body.run, body.after):
        if len(found) >= body.limit or size > _PAGE_BYTES:
            return wire.EventsFound(found, False)  # type: ignore[arg-type]
        found.append((number, event))
        size += len(msgspec.json.encode(event))
    return wire.EventsFound(found, True)  # type: ignore[arg-type]


def remote_request(asked: Asked, body: wire.AskDriver) -> None:
    """Ask a run's driver for something; the same twice is asked once."""
    if all(body.request != known for _, known in asked.ledger.requests(body.run)):
        asked.ledger.request(body.run, body.request)


def remote_requests(asked: Asked, body: wire.ReadRequests) -> wire.RequestsFound:
    """Give what was asked of a run's driver."""
    return wire.RequestsFound(asked.ledger.requests(body.run, body.after))


def remote_owner(asked: Asked, body: wire.OfRun) -> wire.OwnerFound:
    """Say who drives a run."""
    owner = asked.ledger.owner(body.run)
    return wire.OwnerFound(asked.remote.leases.owner(body.run) or owner)


def remote_find_run(asked: Asked, body: wire.FindRun) -> RunRow:
    """Find a run by flow and number."""
    return asked.ledger.find_run(body.flow, body.label)


def remote_run(asked: Asked, body: wire.OfRun) -> RunRow:
    """Find a run by its ULID."""
    return asked.ledger.run(body.run)


def remote_flows(asked: Asked, body: wire.Nothing) -> wire.NamesFound:
    """Name the flows that have runs."""
    return wire.NamesFound(asked.ledger.flows())


def remote_runs(asked: Asked, body: RunQuery) -> Page[RunRow]:
    """List runs."""
    return asked.ledger.runs(_bounded(body))


def remote_count_runs(asked: Asked, body: wire.CountRuns) -> wire.Counted:
    """Count runs."""
    return wire.Counted(asked.ledger.count_runs(body.query, at_most=body.at_most))


def remote_flow_rows(asked: Asked, body: wire.ReadFlowRows) -> wire.FlowsFound:
    """List flows."""
    return wire.FlowsFound(asked.ledger.flow_rows(body.projects, after=body.after, limit=body.limit))


def remote_names(asked: Asked, body: wire.NamesOf) -> wire.NamesFound:
    """Name the metrics, tags or users of runs."""
    ledger = asked.ledger
    listed = {"metrics": ledger.metric_names, "tags": ledger.tag_names, "users": ledger.user_names}[body.what]
    return wire.NamesFound(listed(body.query, limit=body.limit))


def remote_step_counts(asked: Asked, body: wire.OfRun) -> wire.StepCountsFound:
    """Count a run's tasks by step and status."""
    return wire.StepCountsFound(asked.ledger.step_counts(body.run))


def remote_step_statuses(asked: Asked, body: wire.OfRuns) -> wire.StatusesFound:
    """Count the tasks of many runs by step and status."""
    return wire.StatusesFound(asked.ledger.step_statuses(body.runs))


def remote_task_spans(asked: Asked, body: wire.ReadTaskSpans) -> wire.SpansFound:
    """List attempts, narrowly."""
    return wire.SpansFound(asked.ledger.task_spans(body.run, after_label=body.after_label, limit=body.limit))


def remote_tasks(asked: Asked, body: TaskQuery) -> Page[TaskRow]:
    """List tasks of a run."""
    return asked.ledger.tasks(_bounded(body))


def remote_parents(asked: Asked, body: wire.OfTask) -> wire.TaskKeys:
    """Name all tasks that one follows."""
    return wire.TaskKeys(asked.ledger.parents_of(body.run, body.key))


def remote_attempts(asked: Asked, body: wire.OfTask) -> wire.AttemptsFound:
    """List the attempts of a task."""
    return wire.AttemptsFound(asked.ledger.attempts(body.run, body.key))


def remote_artifacts(asked: Asked, body: wire.ReadArtifacts) -> wire.ArtifactsFound:
    """List what tasks set themselves."""
    return wire.ArtifactsFound(asked.ledger.artifacts(body.run, body.keys, body.name))


def remote_visible(asked: Asked, body: wire.OfTask) -> wire.VisibleFound:
    """List all that a task sees."""
    return wire.VisibleFound(asked.ledger.visible(body.run, body.key))


def remote_artifacts_named(asked: Asked, body: ArtifactQuery) -> Page[NamedArtifact]:
    """List artifacts of all runs."""
    return asked.ledger.artifacts_named(_bounded(body))


def remote_users_of(asked: Asked, body: wire.UsersOf) -> wire.UsersFound:
    """List who set or read an artifact."""
    return wire.UsersFound(asked.ledger.users_of(body.digest, body.limit, projects=body.projects))


def remote_changes(asked: Asked, body: wire.ReadChanges) -> wire.ChangesFound:
    """List what was written since."""
    return wire.ChangesFound(asked.ledger.changes(body.after, limit=body.limit))


def remote_last_change(asked: Asked, body: wire.Nothing) -> wire.Counted:
    """Give the number of the latest change."""
    return wire.Counted(asked.ledger.last_change())


def remote_tag_run(asked: Asked, body: wire.TagRun) -> wire.NamesFound:
    """Change the tags of a run."""
    return wire.NamesFound(list(asked.ledger.tag_run(body.run, body.add, body.remove)))


def remote_annotate(asked: Asked, body: wire.Annotate) -> None:
    """Replace the note of a run."""
    asked.ledger.annotate(body.run, body.note)


def remote_small(asked: Asked, body: wire.ReadSmall) -> wire.SmallFound:
    """Give payloads of small objects that something visible refers to."""
    readable = asked.remote.belongings.readable(asked.access, body.digests)
    wanted = [digest for digest in body.digests if digest in readable]
    return wire.SmallFound(asked.remote.small(wanted))


def remote_launch(asked: Asked, body: wire.LaunchRuns) -> wire.FiringsFound:
    """Record firings and start their runs."""
    planned = [
        each if each.commit is None else msgspec.structs.replace(each, commit=checked_commit(asked, each.commit))
        for each in body.planned
    ]
    return wire.FiringsFound(asked.ledger.launch(planned))


def remote_cursor(asked: Asked, body: wire.ReadCursor) -> wire.Counted:
    """Say where a reader of events stands."""
    return wire.Counted(asked.ledger.cursor(body.name))


def remote_firing(asked: Asked, body: wire.ReadFiringKey) -> wire.FiringFound:
    """Find a firing by its key."""
    return wire.FiringFound(asked.ledger.firing(body.key))


def remote_firings(asked: Asked, body: FiringQuery) -> Page[Firing]:
    """List firings."""
    return asked.ledger.firings(_bounded(body))


def remote_last_slot(asked: Asked, body: wire.LastSlot) -> wire.SlotFound:
    """Give the latest slot of a target's source."""
    return wire.SlotFound(asked.ledger.last_slot(body.target, body.source))


def remote_publish(asked: Asked, body: PublishedEvent) -> PublishedEvent:
    """Publish an event; one with the same id is published once."""
    return asked.ledger.publish(body)


def remote_published(asked: Asked, body: wire.ReadPublished) -> wire.PublishedFound:
    """List published events."""
    return wire.PublishedFound(asked.ledger.published(body.after, name=body.name, limit=body.limit))


def remote_write_records(asked: Asked, body: wire.WriteRecords) -> wire.Nothing:
    """Append versions of records, all or nothing; the same ones twice are written once."""
    require_records(asked, body.records)
    require_held_refs(asked, body.records, body.objects)
    if body.objects is not None and body.objects.events:
        raise Refused(422, "records come with objects, not with events")
    objects = None if body.objects is None else checked_commit(asked, body.objects)
    try:
        asked.ledger.write_records(body.records, objects)
    except VersionConflict:
        # The first try of this may have been a moment faster.
        if not _are_written(asked, body.records):
            raise
    return wire.Nothing()


def remote_record(asked: Asked, body: wire.FindRecord) -> wire.RecordFound:
    """Find a record."""
    return wire.RecordFound(asked.ledger.record(body.kind, body.key))


def remote_records(asked: Asked, body: wire.ReadRecords) -> wire.RecordsFound:
    """List records of a kind."""
    return wire.RecordsFound(asked.ledger.records(body.kind, prefix=body.prefix, after=body.after, limit=body.limit))


def remote_record_history(asked: Asked, body: wire.FindRecord) -> wire.RecordsFound:
    """List all versions of a record."""
    return wire.RecordsFound(asked.ledger.record_history(body.kind, body.key))


def remote_leader(asked: Asked, body: wire.ReadLeader) -> wire.LeaderFound:
    """Say which process has a role."""
    return wire.LeaderFound(asked.ledger.leader(body.role))


def _are_written(asked: Asked, records: list[Record]) -> bool:
    return all(_is_written(asked, record) for record in records)


def _is_written(asked: Asked, record: Record) -> bool:
    latest = asked.ledger.record(record.kind, record.key)
    if latest is None or latest.version < record.version:
        return False
    history = [latest] if latest.version == record.version else asked.ledger.record_history(record.kind, record.key)
    return any(msgspec.json.encode(known) == msgspec.json.encode(record) for known in history)


def _bounded(query: Query) -> Query:
    if not 0 <= query.limit <= wire.MOST_ROWS:
        raise Refused(422, f"a page has at most {wire.MOST_ROWS} rows")
    return query


def _reads(name: str, answer: Callable[..., object]) -> Route:
    return Route("POST", f"/remote/ledger/{name}", answer, needs="viewer", is_reading=True)


def _writes(name: str, answer: Callable[..., object], *, needs: Role = "runner", status: int = 200) -> Route:
    path = f"/remote/ledger/{name}"
    return Route("POST", path, answer, needs=needs, status=status, body_bytes=wire.COMMIT_BYTES)


ROUTES = (
    _reads("events", remote_events),
    _reads("requests", remote_requests),
    _reads("owner", remote_owner),
    _reads("find-run", remote_find_run),
    _reads("run", remote_run),
    _reads("flows", remote_flows),
    _reads("runs", remote_runs),
    _reads("count-runs", remote_count_runs),
    _reads("flow-rows", remote_flow_rows),
    _reads("names", remote_names),
    _reads("step-counts", remote_step_counts),
    _reads("step-statuses", remote_step_statuses),
    _reads("task-spans", remote_task_spans),
    _reads("tasks", remote_tasks),
    _reads("parents", remote_parents),
    _reads("attempts", remote_attempts),
    _reads("artifacts", remote_artifacts),
    _reads("visible", remote_visible),
    _reads("artifacts-named", remote_artifacts_named),
    _reads("users-of", remote_users_of),
    _reads("changes", remote_changes),
    _reads("last-change", remote_last_change),
    _reads("small", remote_small),
    _reads("cursor", remote_cursor),
    _reads("firing", remote_firing),
    _reads("firings", remote_firings),
    _reads("last-slot", remote_last_slot),
    _reads("published", remote_published),
    _reads("record", remote_record),
    _reads("records", remote_records),
    _reads("record-history", remote_record_history),
    _reads("leader", remote_leader),
    _writes("request", remote_request),
    _writes("tag-run", remote_tag_run),
    _writes("annotate", remote_annotate),
    _writes("launch", remote_launch),
    _writes("publish", remote_publish),
    _writes("write-records", remote_write_records),
)
