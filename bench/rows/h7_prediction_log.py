"""H7: the prediction log: what it costs an endpoint, and what its writer keeps up with."""

import re
from pathlib import Path

from bench.load import post, send_load
from bench.rows.hosted import CONNECTIONS, QUICK_SECONDS, SECONDS, Measured, Subject, body, headwater, share, until
from bench.sample import Budget, Row, Sample
from bench.servers import Server, answers, free_port, get, serving
from bench.session import BENCH, Session, fresh_folder, run

PROBE = BENCH / "probes" / "prediction_log.py"
PREDICTIONS = 40_000


def measure(session: Session) -> Row:
    """Two endpoints of one host in turns, one of which is not logged; then the log by itself, as fast as it can."""
    with fresh_folder() as folder:
        run(headwater(session, "deploy", str(BENCH / "services" / "trivial.py:Trivial")), folder)
        run(headwater(session, "deploy", str(BENCH / "services" / "trivial.py:Unlogged")), folder)
        logged, unlogged, dropped = on_and_off(session, folder)
    kept = []
    for _ in range(session.rounds(3)):
        with fresh_folder() as folder:
            kept.append(run(session.argv("headwater", str(PROBE), str(PREDICTIONS)), folder).facts[0]["rate"])
    writer = Sample(tuple(kept), "/s", note=f"{PREDICTIONS:,} at once, until they are in files")
    samples = {"headwater, logged": logged.rate, "not logged": unlogged.rate, "its writer": writer}
    samples |= logged.details("logged") | unlogged.details("not logged")
    less = 100 * (1 - share(logged.rates, unlogged.rates))
    budgets = (
        Budget("the log costs < 5 % of an endpoint's throughput", less, 5, "%"),
        Budget("the writer keeps >= 10,000 predictions a second", writer.median, 10_000, "/s", is_floor=True),
    )
    notes = (f"Of the predictions under load {dropped:,} were dropped.",)
    work = f"a trivial endpoint, {CONNECTIONS} connections, logged and not"
    return Row("H7", work, samples, budgets=budgets, notes=notes)


def on_and_off(session: Session, folder: Path) -> tuple[Measured, Measured, int]:
    """Rounds in turns; each begins when the writer has nothing left to do."""
    port, given = free_port(), body(x=1.5)
    seconds = QUICK_SECONDS if session.is_quick else SECONDS
    probe = post("/Trivial/echo", [given], port)
    found = {"Trivial": Measured(), "Unlogged": Measured()}
    with serving(headwater(session, "host", "--port", str(port)), folder, port, probe[0]) as server:
        until(lambda: answers(port, post("/Unlogged/echo", [given], port)[0]))
        subjects = {name: Subject(server, post(f"/{name}/echo", [given], port)) for name in found}
        for _ in range(session.rounds(6)):
            for name, subject in subjects.items():
                used = server.cpu_seconds()
                load = send_load(port, subject.requests, connections=CONNECTIONS, seconds=seconds)
                found[name].add(load, server.cpu_seconds() - used)
                until(lambda: _written(server) >= _answered(server))
        dropped = int(_count(server, "headwater_predictions_dropped_total"))
    return found["Trivial"], found["Unlogged"], dropped


def _answered(server: Server) -> float:
    return _count(server, "headwater_requests_total", 'service="Trivial"')


def _written(server: Server) -> float:
    return _count(server, "headwater_predictions_kept_total") + _count(server, "headwater_predictions_dropped_total")


def _count(server: Server, name: str, label: str = "") -> float:
    """The sum over all labels of a metric."""
    found = re.findall(rf"^{name}{{([^}}]*)}} (\S+)$", get(server.port, "/metrics"), re.MULTILINE)
    return sum(float(value) for labels, value in found if label in labels)
