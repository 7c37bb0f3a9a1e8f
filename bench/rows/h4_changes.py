"""H4: the sentiment model: from a start to the first answer, a new version, a rollback."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.load import post
from bench.rows.hosted import body, headwater, until
from bench.sample import Budget, Row, Sample
from bench.servers import Server, answer_of, free_port, serving
from bench.session import BENCH, Session, fresh_folder, run

GIVEN = body(text="what a wonderful day, I love it")


def measure(session: Session) -> Row:
    """Whole processes of commands, each until callers see what it did."""
    starts, deploys, promotions, rollbacks = [], [], [], []
    with fresh_folder() as folder:
        file = learned(session, folder)
        for place in range(session.rounds(5)):
            with hosted(session, folder) as server:
                starts.append(server.ready_seconds)
                live = version(server)
                change(file, place)
                deploys.append(run(headwater(session, "deploy", str(file), "--run", "SentimentFlow/1"), folder).seconds)
                promotions.append(seconds_to(session, folder, server, live, "promote"))
                rollbacks.append(seconds_to(session, folder, server, version(server), "rollback"))
    samples = {
        "headwater, host: start to first answer": Sample(tuple(starts)),
        "headwater, deploy of a new version": Sample(tuple(deploys), note="packaged, audited, profiled; whole process"),
        "headwater, promote": Sample(tuple(promotions), note="until the first answer of the other version"),
        "headwater, rollback": Sample(tuple(rollbacks), note="until the first answer of the other version"),
    }
    start, deploy, _, rollback = (sample.median for sample in samples.values())
    budgets = (
        Budget("host start to first answer < 2 s", start, 2, "s"),
        Budget("deploy of a new version < 5 s", deploy, 5, "s"),
        Budget("rollback < 1 s", rollback, 1, "s"),
    )
    return Row("H4", "the sentiment model, hosted", samples, budgets=budgets)


def learned(session: Session, folder: Path) -> Path:
    """Run the example's flow and deploy its service; gives the service's file, a copy."""
    project = folder / "sentiment"
    shutil.copytree(BENCH.parent / "examples" / "sentiment", project, ignore=shutil.ignore_patterns("__pycache__"))
    # A repository of its own: the checkout's ignores the folder that all this is in, and packages follow it.
    (project / ".git").mkdir()
    run(session.argv("headwater", str(project / "flow.py"), "run"), folder)
    file = project / "service.py"
    # A run by hand is no deployment's, and nothing is to answer but what the commands here say.
    text = file.read_text().replace("follow = True", "follow = False")
    file.write_text(text)
    run(headwater(session, "deploy", str(file), "--run", "SentimentFlow/1"), folder)
    return file


@contextmanager
def hosted(session: Session, folder: Path) -> Iterator[Server]:
    """`headwater host` on the folder's store."""
    port = free_port()
    command = headwater(session, "host", "--port", str(port))
    with serving(command, folder, port, post("/Sentiment/label", [GIVEN], port)[0]) as server:
        yield server


def change(file: Path, number: int) -> None:
    """Write another version: a comment is a change."""
    file.write_text(file.read_text() + f"# change {number}\n")


def version(server: Server) -> str:
    """Name of the version that answers; empty when none does."""
    answered = answer_of(server.port, post("/Sentiment/label", [GIVEN], server.port)[0])
    head = answered.partition(b"\r\n\r\n")[0].decode().lower()
    found = [line.partition(":")[2].strip() for line in head.splitlines() if line.startswith("service-version:")]
    return found[0] if found and answered[9:12] == b"200" else ""


def seconds_to(session: Session, folder: Path, server: Server, before: str, verb: str) -> float:
    """From the start of `headwater service VERB` until another version than before answers."""
    ended = run(headwater(session, "service", verb, "Sentiment"), folder)
    return ended.seconds + until(lambda: version(server) not in ("", before))
