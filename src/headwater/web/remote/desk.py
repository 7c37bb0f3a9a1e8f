"""What the server keeps for those who work with its store from other machines. One for all callers."""

import time
from collections.abc import Sequence

from headwater.home import Home
from headwater.ledger.sqlite import SqliteLedger
from headwater.model.errors import ArtifactMissing
from headwater.model.ids import Digest
from headwater.web.access import Access
from headwater.web.remote.leases import RunLeases
from headwater.web.remote.uploads import remove_abandoned
from headwater.web.scope.belongings import Belongings
from headwater.web.scope.visible import Projects


class RemoteDesk:
    """Leases of their runs, and who may read which object."""

    def __init__(self, home: Home, projects: Projects) -> None:
        ledger = home.ledger
        assert isinstance(ledger, SqliteLedger)
        self._ledger = ledger
        #: Of runs that are driven from elsewhere.
        self.leases = RunLeases(ledger, home.path)
        #: Who may read which object.
        self.belongings = Belongings(ledger, home.objects, home.path, projects)
        remove_abandoned(home.path)
        self.belongings.forget_old(time.time())

    def small(self, digests: Sequence[Digest]) -> dict[Digest, bytes]:
        """Give payloads of small objects; whether they may be read was asked before."""
        return self._ledger.small(digests)

    def require_small(self, access: Access, digests: Sequence[Digest]) -> None:
        """Refuse what refers to small objects that are not there, or not readable: both look the same.

        Raises:
            ArtifactMissing: names the first of them.
        """
        if not digests:
            return
        there = self._ledger.small(digests)
        readable = self.belongings.readable(access, digests)
        for digest in digests:
            if digest not in there or digest not in readable:
                raise ArtifactMissing(digest, hint="a small object comes in the commit that refers to it first")
