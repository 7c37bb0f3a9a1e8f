"""`headwater explain PREDICTION`: from an answer back to what made it."""

import click
import msgspec

from headwater.cli.printing import print_facts, print_json, print_table
from headwater.cli.reading import gives_json, opened, reads_store
from headwater.cli.words import local_time
from headwater.client.plain import plain_values
from headwater.client.session import View
from headwater.hosting.predictions import Prediction, find_prediction
from headwater.hosting.versions import find_version, service_aliases
from headwater.model.errors import NotFound
from headwater.model.rows import RunRow
from headwater.model.service import DeployedVersion

#: A request or an answer is cut here.
_LONGEST = 300


@click.command("explain")
@click.argument("prediction", metavar="PREDICTION")
@gives_json
@reads_store
def command(prediction: str, as_json: bool, home: str | None) -> int:
    """Say what made an answer: its service's version, the run, code, parameters and artifacts behind it.

    PREDICTION is the id that came with the answer, in its header `prediction-id`.
    """
    with opened(home) as view:
        names = sorted({state.name for state in service_aliases(view.ledger).all()})
        found = find_prediction(view.home_path, names, prediction)
        deployed = find_version(view.ledger, found.service, found.version)
        run = _run(view, deployed)
        parameters = {} if run is None else dict(plain_values(view, run.parameters))
    if as_json:
        print_json(_facts(found, deployed, run, parameters))
    else:
        _print(found, deployed, run, parameters)
    return 0


def _run(view: View, deployed: DeployedVersion) -> RunRow | None:
    if deployed.version.run is None:
        return None
    flow, _, label = deployed.version.run.rpartition("/")
    try:
        return view.ledger.find_run(flow, int(label))
    except NotFound:
        return None


def _print(found: Prediction, deployed: DeployedVersion, run: RunRow | None, parameters: dict[str, object]) -> None:
    facts = [
        ("prediction", found.id),
        ("at", local_time(found.at)),
        ("asked", _cut(found.request)),
        ("answered", f"{_cut(found.answer)} ({found.status}, {found.seconds * 1000:.1f} ms)"),
        ("version", f"{found.service}/{found.version}, endpoint {found.endpoint}"),
        ("deployed", f"{local_time(deployed.at)} by {deployed.user}"),
        ("code", str(deployed.version.code.tree)[:12] + f": {deployed.version.code.file}"),
        (
            "packages",
            "locked " + deployed.lock[:12] if deployed.lock else f"{len(deployed.environment)} of {deployed.python}",
        ),
    ]
    if run is not None:
        facts += [
            ("run", f"{run.path}, {local_time(run.started_at)} by {run.user}"),
            ("metrics", ", ".join(f"{name} {value}" for name, value in run.metrics.items()) or "-"),
            ("parameters", ", ".join(f"{name}={value}" for name, value in parameters.items()) or "-"),
        ]
    print_facts(facts)
    if deployed.version.artifacts:
        print()
        rows = [(name, ref.codec, ref.digest[:12]) for name, ref in sorted(deployed.version.artifacts.items())]
        print_table(("artifact", "kept as", "digest"), rows)


def _facts(
    found: Prediction, deployed: DeployedVersion, run: RunRow | None, parameters: dict[str, object]
) -> dict[str, object]:
    return {
        "prediction": {name: getattr(found, name) for name in found.__struct_fields__},
        "version": f"{found.service}/{found.version}",
        "code": deployed.version.code.tree,
        "environment": deployed.lock or deployed.environment,
        "run": None if run is None else run.path,
        "parameters": parameters,
        "metrics": {} if run is None else run.metrics,
        "artifacts": {name: ref.digest for name, ref in sorted(deployed.version.artifacts.items())},
        "audits": msgspec.to_builtins(deployed.audits),
    }


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
