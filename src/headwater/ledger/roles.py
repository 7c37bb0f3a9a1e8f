"""Roles of which a store has one holder at a time, such as its scheduler: locks, so that they end with the process."""

from headwater.ledger.database import Database


class Roles:
    """The roles that this object holds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: set[str] = set()

    def lead(self, role: str) -> bool:
        self._database.refuse_other_process()
        if role not in self._held:
            if not self._database.locks.take(_lock(role)):
                return False
            self._held.add(role)
        return True

    def leader(self, role: str) -> int | None:
        return self._database.locks.holder(_lock(role))

    def resign(self, role: str) -> None:
        if role in self._held:
            self._held.discard(role)
            self._database.locks.release(_lock(role))

    def close(self) -> None:
        """Give all of them up; in a forked child only this object's memory of them."""
        for role in list(self._held):
            self.resign(role)


def _lock(role: str) -> str:
    return f"role.{role}"
