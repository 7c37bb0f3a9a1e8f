"""P1: `import`."""

from bench.sample import Budget, Row
from bench.session import Session

MODULES = {
    "headwater": "from headwater import FlowSpec, step",
    "metaflow": "from metaflow import FlowSpec, step",
    "luigi": "import luigi",
    "joblib": "import joblib",
    "dask": "import distributed",
    "ray": "import ray",
    "prefect": "import prefect",
}


def measure(session: Session) -> Row:
    """A whole interpreter that imports what a flow imports, and leaves."""
    subjects = ["headwater", *(name for name in MODULES if name in session.peers)]
    commands = {name: [session.python(name), "-c", MODULES[name]] for name in subjects}
    commands["bare interpreter"] = [session.python("limit"), "-c", "pass"]
    samples = session.compare(commands, session.rounds(10))
    bare = samples.pop("bare interpreter")
    ours = samples["headwater"].median
    budgets = [Budget("import, whole interpreter <= 60 ms", ours, 0.06, "s")]
    if "metaflow" in samples:
        budgets.append(Budget("<= 1/4 of Metaflow", ours / samples["metaflow"].median, 0.25, "of Metaflow's"))
    return Row("P1", "`import` of what a flow needs", samples, {"bare interpreter": bare}, tuple(budgets))
