"""Roles in projects that callers name themselves, for what they begin there."""

import shlex

from headwater.web.access import Access, Role
from headwater.web.problems import Refused


def require_named_role(access: Access, needed: Role, project: str) -> None:
    """Require a role in a project that the caller names, and say so to who has none.

    What is there already answers as if it were not; what is new has a project only because the caller says so, and the
    answer is the same whether anything else is in it.

    Raises:
        Refused: 403.
    """
    if access.allows(needed, project):
        return
    held = access.role_in(project)
    has = "has no role" if held is None else f"is {held}"
    where = f"in project {project}" if project else "in flows without a project"
    grant = f"headwater user grant {access.user} {needed} --project {shlex.quote(project)}"
    instead = "" if project else "; or put the flow into a project, with @project(name=...)"
    raise Refused(
        403, f"this takes a {needed}; {access.user} {has} {where}", hint=f"an admin can give it: {grant}{instead}"
    )
