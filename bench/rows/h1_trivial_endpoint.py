"""H1: an endpoint that does nothing, against a bare Starlette handler with as many processes."""

from contextlib import ExitStack

from bench.load import post
from bench.rows.hosted import CONNECTIONS, Subject, body, in_turns, served, share, workers
from bench.sample import Budget, Row
from bench.servers import free_port, serving
from bench.session import BENCH, Session, fresh_folder

BARE = "starlette"


def measure(session: Session) -> Row:
    """Answers a second, both loaded in turns by one process."""
    count = workers()
    given = body(x=1.5)
    with ExitStack() as stack:
        folder = stack.enter_context(fresh_folder())
        service = "trivial.py:Trivial"
        subjects = {
            "headwater": stack.enter_context(
                served(session, folder, service, "/Trivial/echo", given, "--workers", str(count))
            )
        }
        if BARE in session.servers:
            port = free_port()
            options = ["--port", str(port), "--workers", str(1 + count), "--no-access-log", "--log-level", "warning"]
            app = ["--app-dir", str(BENCH / "peers"), "serve_starlette:app"]
            command = session.argv(BARE, "-m", "uvicorn", *app, *options)
            requests = post("/echo", [given], port)
            server = stack.enter_context(serving(command, folder, port, requests[0]))
            subjects[BARE] = Subject(server, requests)
        found = in_turns(subjects, session)
    samples = {name: one.rate for name, one in found.items()}
    for name, one in found.items():
        samples |= one.details(name)
    budgets: tuple[Budget, ...] = ()
    if BARE in found:
        ours, bare = found["headwater"], found[BARE]
        budgets = (
            Budget(">= 70 % of a bare Starlette handler", 100 * share(ours.rates, bare.rates), 70, "%", is_floor=True),
            Budget("p99 no worse", share(ours.tails, bare.tails), 1, "x"),
        )
    work = f"a trivial endpoint, JSON in and out, {CONNECTIONS} connections, 1 + {count} processes each"
    notes = (
        "The load comes from one process that shares the cores with the servers, about 25 us a request. Headwater "
        "checks types, host and origin, gives an id, counts; the bare handler does not.",
    )
    return Row("H1", work, samples, budgets=budgets, notes=notes)
