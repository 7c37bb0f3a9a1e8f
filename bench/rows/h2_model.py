"""H2: a scikit-learn model, a row a request, against MLServer and BentoML with as many workers."""

import json
from contextlib import ExitStack
from pathlib import Path

from bench.load import post
from bench.rows.hosted import CONNECTIONS, ROW, Measured, Subject, body, in_turns, learned, served, share, workers
from bench.sample import Budget, Row
from bench.servers import free_port, serving
from bench.session import BENCH, CommandFailed, Session


def measure(session: Session) -> Row:
    """Answers a second of a scaler and a logistic regression of 30 features."""
    notes = []
    with ExitStack() as stack:
        folder = stack.enter_context(learned(session))
        path, given = "/Models/classify", body(row=ROW)
        words = ("--workers", str(workers()))
        subjects = {"headwater": stack.enter_context(served(session, folder, "models.py:Models", path, given, *words))}
        for peer, start in (("mlserver", mlserver), ("bentoml", bentoml)):
            if peer not in session.servers:
                continue
            try:
                subjects[peer] = start(stack, session, folder)
            except CommandFailed as failure:
                notes.append(f"{peer} was left out: {str(failure).strip().splitlines()[-1]}")
        found = in_turns(subjects, session, rounds=3)
    samples = {name: one.rate for name, one in found.items()}
    for name, one in found.items():
        samples |= one.details(name)
    ours = found["headwater"]
    budgets = [budget for name, one in found.items() if name != "headwater" for budget in promises(name, ours, one)]
    work = f"a scikit-learn model, a row a request, {CONNECTIONS} connections, {workers()} workers each"
    return Row("H2", work, samples, budgets=tuple(budgets), notes=tuple(notes))


def promises(name: str, ours: Measured, theirs: Measured) -> list[Budget]:
    return [
        Budget(f">= 2 x {name}", share(ours.rates, theirs.rates), 2, "x", is_floor=True),
        Budget(f"p99 no worse than {name}'s", share(ours.tails, theirs.tails), 1, "x"),
    ]


def mlserver(stack: ExitStack, session: Session, folder: Path) -> Subject:
    """MLServer with its scikit-learn runtime, which speaks the Open Inference Protocol."""
    port = free_port()
    models = folder / "mlserver"
    models.mkdir()
    uri = {"uri": str(folder / "model.joblib")}
    model = {"name": "classifier", "implementation": "mlserver_sklearn.SKLearnModel", "parameters": uri}
    (models / "model-settings.json").write_text(json.dumps(model))
    ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
    settings = {"host": "127.0.0.1", "parallel_workers": workers(), "debug": False, **ports}
    (models / "settings.json").write_text(json.dumps(settings))
    tensor = {"name": "rows", "shape": [1, len(ROW)], "datatype": "FP64", "data": ROW}
    requests = post("/v2/models/classifier/infer", [body(inputs=[tensor])], port)
    command = [str(Path(session.python("mlserver")).with_name("mlserver")), "start", str(models)]
    return Subject(stack.enter_context(serving(command, folder, port, requests[0])), requests)


def bentoml(stack: ExitStack, session: Session, folder: Path) -> Subject:
    """BentoML's own server."""
    port = free_port()
    requests = post("/classify", [body(row=ROW)], port)
    options = ["--port", str(port), "--host", "127.0.0.1", "--working-dir", str(BENCH / "peers")]
    command = session.argv("bentoml", "-m", "bentoml", "serve", "serve_bentoml:Models", *options)
    variables = {
        "BENCH_MODEL": str(folder / "model.joblib"),
        "BENCH_WORKERS": str(workers()),
        "BENTOML_DO_NOT_TRACK": "true",
        "BENTOML_HOME": str(folder / "bentoml"),
    }
    return Subject(stack.enter_context(serving(command, folder, port, requests[0], variables)), requests)
