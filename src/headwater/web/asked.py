"""What a handler is given besides its parameters: the store, and who asks."""

import msgspec

from headwater.home import Home
from headwater.web.access import ALL, Access, Role
from headwater.web.accounts.gate import Gate
from headwater.web.problems import Refused
from headwater.web.pulse import Pulse
from headwater.web.remote.desk import RemoteDesk
from headwater.web.scope.scoped import ScopedLedger
from headwater.web.views.kept_answers import KeptAnswers


class Asked(msgspec.Struct, frozen=True):
    """One request, without its parameters."""

    home: Home
    #: Shows only what the caller may see.
    ledger: ScopedLedger
    access: Access
    #: Unix time.
    now: float
    #: `http://127.0.0.1:8501`, as browsers reach it.
    origin: str
    #: Tells streams of writes.
    pulse: Pulse
    #: Lets people in.
    gate: Gate
    #: What the server keeps for other machines.
    remote: RemoteDesk
    #: Address of the caller, for the audit log.
    client: str = ""
    #: `Idempotency-Key`: the same for every try of one change; empty = none was sent.
    idempotency_key: str = ""
    #: Name of the cookie that holds a session.
    cookie_name: str = ""
    #: Name of the cookie by which a browser is known again, and the key of the session that it names; empty = none.
    browser_cookie_name: str = ""
    browser: str = ""
    #: `Last-Event-ID`: where a stream that broke off is to go on; empty = none was sent.
    last_event_id: str = ""
    #: Answers that need not be worked out again.
    kept: KeptAnswers = msgspec.field(default_factory=KeptAnswers)
    #: This server refuses whatever changes anything.
    is_read_only: bool = False

    def with_token(self, token: str) -> "Asked":
        """Give the same for a caller who sent the production token of somebody's alias along."""
        return msgspec.structs.replace(self, ledger=self.ledger.with_tokens([token])) if token else self

    def require(self, needed: Role, project: str) -> None:
        """Refuse who has less than a role in a project.

        Raises:
            Refused: 404 to who does not even see the project, 403 to the others.
        """
        if project != ALL and self.access.role_in(project) is None:
            raise Refused(404, "there is nothing at this address", error="NotFound")
        if not self.access.allows(needed, project):
            where = _where(project)
            raise Refused(
                403,
                f"this takes a {needed}; {self.access.user} is {self.access.role_in(project) or 'none'} {where}",
                hint="an admin can give the role: headwater user grant NAME ROLE",
            )

    def require_no_token(self, why: str) -> None:
        """Refuse programs: what a stolen token could use to outlive itself is done by people who signed in.

        Raises:
            Refused: 403.
        """
        if self.access.means == "token":
            raise Refused(403, f"no token does this: {why}")


def _where(project: str) -> str:
    if project == ALL:
        return "of all projects"
    return f"in project {project}" if project else "in flows without a project"
