"""Flows: how their runs went, and what people say of them."""

from typing import Annotated, Literal

import msgspec

from headwater.client.records import RunRecord
from headwater.deployments.flow_pages import MOST_CHARACTERS, FlowPage, read_flow_page, write_flow_page
from headwater.model.errors import NotFound
from headwater.model.overviews import FinishedRun, FlowQuery, FlowRow
from headwater.model.rows import RunQuery
from headwater.web.api.runs import RunSummary, summaries
from headwater.web.asked import Asked
from headwater.web.callers import view_of
from headwater.web.routes import Route
from headwater.web.run_paths import Limit, Text
from headwater.web.sorting import SortedQuery, direction


class FlowPath(msgspec.Struct, frozen=True):
    """A flow, by its name."""

    flow: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class FlowsQuery(SortedQuery, frozen=True):
    """Which flows; by name, unless it says otherwise."""

    #: Part of the name, in upper or lower case.
    search: Text = ""
    project: tuple[Text, ...] = ()
    #: `last`: when the last run was started; `runs`: how many there are.
    sort: Literal["flow", "-flow", "last", "-last", "runs", "-runs"] = "flow"
    limit: Limit = 100


class FlowSummary(msgspec.Struct, frozen=True):
    """A flow in a list."""

    flow: str
    #: Projects of its latest runs; the empty name = none.
    projects: tuple[str, ...]
    #: Number of all its runs.
    runs: int
    #: How many of `finished` succeeded.
    succeeded: int
    #: The last 20 that are finished, newest first.
    finished: tuple[FinishedRun, ...]
    last: RunSummary
    owner: str
    #: First line of its description.
    headline: str


class FlowsPage(msgspec.Struct, frozen=True):
    """A part of the list of flows."""

    rows: tuple[FlowSummary, ...]
    cursor: str | None = None


class FlowView(msgspec.Struct, frozen=True):
    """All that a flow's page shows."""

    summary: FlowSummary
    #: Markdown, as people wrote it.
    text: str
    text_at: float | None
    text_by: str
    #: Docstring of the class, as its last run had it.
    doc: str
    #: Steps of its last run, in the order written.
    steps: tuple[str, ...]
    parameters: tuple[str, ...]


class Description(msgspec.Struct, frozen=True):
    """What is said of a flow."""

    #: A person, a team, an address.
    owner: Annotated[str, msgspec.Meta(max_length=200)] = ""
    #: Markdown.
    text: Annotated[str, msgspec.Meta(max_length=MOST_CHARACTERS)] = ""


def list_flows(asked: Asked, query: FlowsQuery) -> FlowsPage:
    """List flows by name, each with how its runs went."""
    column, is_ascending = direction(query.sort)
    page = asked.ledger.list_flows(
        FlowQuery(
            search=query.search,
            projects=query.project or None,
            sort=column,  # type: ignore[arg-type]
            is_ascending=is_ascending,
            limit=query.limit,
            cursor=query.cursor,
        )
    )
    lasts = summaries(asked, [row.last for row in page.rows])
    told = tuple(_summary(row, last, _page(asked, row)) for row, last in zip(page.rows, lasts, strict=True))
    return FlowsPage(told, page.cursor)


def show_flow(asked: Asked, at: FlowPath) -> FlowView:
    """Show a flow: how its runs went, and what people say of it."""
    row = _find(asked, at.flow)
    page = _page(asked, row)
    graph = RunRecord(view_of(asked), row.flow, row.last.label, row.last).started.graph
    return FlowView(
        _summary(row, summaries(asked, [row.last])[0], page),
        page.text,
        page.at or None,
        page.user,
        graph.doc,
        tuple(graph.steps),
        tuple(parameter.name for parameter in graph.parameters),
    )


def describe_flow(asked: Asked, at: FlowPath, body: Description) -> FlowView:
    """Say who owns a flow, and what it is for; replaces what was said before."""
    project = project_of_flow(asked, at)
    page = FlowPage(at.flow, project, body.owner.strip(), body.text, asked.now, asked.access.user)
    write_flow_page(asked.ledger, page)
    return show_flow(asked, at)


def project_of_flow(asked: Asked, at: FlowPath) -> str:
    """Give the project of a flow's latest run that the caller sees."""
    return _find(asked, at.flow).last.project


def _find(asked: Asked, flow: str) -> FlowRow:
    """Find a flow among those that the caller sees."""
    latest = asked.ledger.runs(RunQuery(flow=flow, limit=1)).rows
    # The row of the flow whose name is the next one behind the longest name in front of this one.
    rows = asked.ledger.flow_rows(after=_before(flow), limit=1) if latest else []
    if not rows or rows[0].flow != flow:
        raise NotFound(f"there is no run of {flow}", choices=asked.ledger.flows()[:20])
    return rows[0]


def _before(flow: str) -> str:
    """Give a text behind which this name is the next one."""
    return flow[:-1] + chr(ord(flow[-1]) - 1) + "\U0010ffff"


def _page(asked: Asked, row: FlowRow) -> FlowPage:
    return read_flow_page(asked.ledger, row.flow, row.last.project)


def _summary(row: FlowRow, last: RunSummary, page: FlowPage) -> FlowSummary:
    headline = next((line.strip("# ") for line in page.text.splitlines() if line.strip("# ")), "")
    return FlowSummary(row.flow, row.projects, row.runs, row.succeeded, row.finished, last, page.owner, headline[:200])


ROUTES = (
    Route("GET", "/flows", list_flows, needs="viewer"),
    Route("GET", "/flows/{flow}", show_flow, needs="viewer", of=project_of_flow),
    Route("PUT", "/flows/{flow}/description", describe_flow, needs="runner", of=project_of_flow),
)
