"""What waits for somebody's answer in production: runs at a gate, and moves of an alias."""

from collections.abc import Iterator

import msgspec

from headwater.client.records import RunRecord
from headwater.client.session import View
from headwater.deployments.aliases import KIND
from headwater.deployments.names import is_production
from headwater.model.alert import Alert
from headwater.model.deployment import AliasState
from headwater.model.rows import RunQuery, RunRow
from headwater.production.alerts.causes import approval_cause
from headwater.production.alerts.text import approval_text, approval_title

_PAGE = 200


class Approvals:
    """Looks for what waits."""

    def __init__(self, view: View) -> None:
        self._view = view

    def look(self) -> list[Alert]:
        """Give an alert of everything that waits now; the same ones when asked again."""
        return [*self._gates(), *self._moves()]

    def _gates(self) -> Iterator[Alert]:
        for row in self._view.ledger.runs(RunQuery(status="waiting", limit=_PAGE)).rows:
            if row.launch is not None and row.launch.is_production:
                yield from (self._gate(row, row.launch.target, step) for step in row.gates)

    def _gate(self, row: RunRow, target: str, step: str) -> Alert:
        record = RunRecord(self._view, row.flow, row.label, row)
        asked = record.started.graph.steps[step].options.approval
        role = "" if asked is None else asked.role
        path = f"{row.path}/{step}"
        at = row.started_at
        title = approval_title(target, f"{step} ({row.path})")
        text = approval_text(path, role, row.gate_expires_at)
        return Alert(approval_cause(target, path), "approval", at, target, title, text, row.path, step)

    def _moves(self) -> Iterator[Alert]:
        after = ""
        while page := self._view.ledger.records(KIND, after=after, limit=_PAGE):
            for record in page:
                state = msgspec.json.decode(record.body, type=AliasState)
                if state.pending is not None and is_production(state.alias):
                    yield _move(state)
            after = page[-1].key


def _move(state: AliasState) -> Alert:
    assert state.pending is not None
    pending = state.pending
    asked = pending.approval
    expires = None if asked.expires_seconds is None else pending.asked_at + asked.expires_seconds
    title = approval_title(state.target, f"deployment {pending.number}, asked for by {pending.asked_by}")
    text = approval_text(state.target, asked.role, expires)
    cause = approval_cause(state.target, f"deployment-{pending.number}/{pending.asked_at:.0f}")
    return Alert(cause, "approval", pending.asked_at, state.target, title, text)
