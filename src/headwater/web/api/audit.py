"""The audit log, for admins: all of it, or of the projects that are theirs."""

import msgspec

from headwater.web.asked import Asked
from headwater.web.audit import AuditPage, read_audit
from headwater.web.routes import Route
from headwater.web.run_paths import Limit


class AuditQuery(msgspec.Struct, frozen=True):
    """Which page, newest first."""

    limit: Limit = 50
    cursor: str = ""


def list_audit(asked: Asked, query: AuditQuery) -> AuditPage:
    """List who changed what, newest first; admins of single projects see what was done in these.

    A page may have fewer rows than asked for although more follow: then it has a cursor.
    """
    access = asked.access
    projects = None
    if not access.allows("admin", "*"):
        projects = frozenset(project for project in access.roles if access.allows("admin", project))
    return read_audit(asked.home.ledger, projects, query.cursor, query.limit)


ROUTES = (Route("GET", "/audit", list_audit, needs="admin"),)
