"""What people say of a flow: who owns it, and a text about it."""

import msgspec

from headwater.model.ports import Ledger
from headwater.model.records import Record

#: Kind of their records; the key is the flow's name, behind that of its project and a dot when it has one.
FLOW_PAGE = "flow_page"
#: Characters of a text.
MOST_CHARACTERS = 100_000


class FlowPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Owner and description of a flow; record kind `flow_page`."""

    flow: str
    project: str = ""
    #: A person, a team, an address; empty = nobody is named.
    owner: str = ""
    #: Markdown.
    text: str = ""
    #: When it was written, and by whom.
    at: float = 0.0
    user: str = ""
    kind: str = FLOW_PAGE
    v: int = 1

    @property
    def key(self) -> str:
        """Key of its record."""
        return page_key(self.flow, self.project)


def page_key(flow: str, project: str) -> str:
    """Give the key under which the page of a flow is kept."""
    return f"{project}.{flow}" if project else flow


def read_flow_page(ledger: Ledger, flow: str, project: str) -> FlowPage:
    """Give what was last written of a flow; an empty page when nothing was."""
    record = ledger.record(FLOW_PAGE, page_key(flow, project))
    return FlowPage(flow, project) if record is None else msgspec.json.decode(record.body, type=FlowPage)


def write_flow_page(ledger: Ledger, page: FlowPage) -> None:
    """Keep a page of a flow; the ones before it stay in its history.

    Raises:
        VersionConflict: somebody else wrote at the same time.
    """
    last = ledger.record(FLOW_PAGE, page.key)
    version = 1 if last is None else last.version + 1
    ledger.write_records([Record(FLOW_PAGE, page.key, version, page.at, msgspec.Raw(msgspec.json.encode(page)))])
