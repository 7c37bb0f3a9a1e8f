"""H3: calls that are gathered, against the same calls one by one."""

import msgspec

from bench.load import post
from bench.rows.hosted import ROW, body, in_turns, learned, served, share, workers
from bench.sample import Budget, Row
from bench.session import Session

CONNECTIONS = 64


def measure(session: Session) -> Row:
    """Answers a second of a forest: a call costs milliseconds, however many rows it has."""
    given = body(row=ROW)
    with learned(session) as folder:
        words = ("--workers", str(workers()))
        with served(session, folder, "models.py:Models", "/Models/forest_many", given, *words) as gathered:
            one_by_one = post("/Models/forest_one", [given], gathered.server.port)
            alone = msgspec.structs.replace(gathered, requests=one_by_one)
            found = in_turns({"gathered": gathered, "alone": alone}, session, rounds=3, connections=CONNECTIONS)
    samples = {"headwater": found["gathered"].rate, "headwater, calls one by one": found["alone"].rate}
    samples |= found["gathered"].details("headwater") | found["alone"].details("headwater, one by one")
    factor = share(found["gathered"].rates, found["alone"].rates)
    budget = Budget("batching gives >= 3 x", factor, 3, "x", is_floor=True)
    return Row("H3", f"a forest of 100 trees, {CONNECTIONS} connections", samples, budgets=(budget,))
