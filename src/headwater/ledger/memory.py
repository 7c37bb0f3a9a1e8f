"""The ledger in memory: the same code over SQLite's `:memory:`, with locks that only this process sees."""

from headwater.ledger.database import Database
from headwater.ledger.locks import MemoryLocks
from headwater.ledger.sqlite import SqliteLedger


class MemoryLedger(SqliteLedger):
    """Gone when it is closed; everything else is as in a file."""

    def __init__(self) -> None:
        self._use(Database(":memory:", MemoryLocks()))
