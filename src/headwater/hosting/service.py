"""`Service("Sentiment@production")`: a deployed service from Python, in a flow's step or a notebook."""

import os
import sys
import time
import weakref
from typing import Any

import msgspec

from headwater.client.session import View, current_view
from headwater.deployments.names import PRODUCTION
from headwater.home import Home
from headwater.hosting.columns import ColumnPlan, plan_columns
from headwater.hosting.labels import add_labels
from headwater.hosting.predictions import arrow_and_parquet
from headwater.hosting.problems import RequestRefused
from headwater.hosting.scoring import BatchLog, Scored, Scorer
from headwater.hosting.scratch import ScratchPool
from headwater.hosting.table_scoring import TableScorer
from headwater.hosting.tabular import PIECE_ROWS, piece_of
from headwater.hosting.versions import find_version, require_service
from headwater.model.errors import HeadwaterError, NotFound, UserMistake
from headwater.model.nearest import did_you_mean
from headwater.model.service import DeployedVersion, EndpointSpec


class NoAnswer(HeadwaterError):
    """An endpoint failed, or its process did; the service's log says more."""


class Service:
    """A deployed service: the version that is live, or the one named (`Sentiment/3`).

    It answers from processes of its own with the version's code and packages, the same as the host's: what was
    audited is what scores. They start with the first question and end with `close`, or when the object goes. Answers
    are logged as predictions of origin `batch`.
    """

    def __init__(self, name: str, *, home: str | None = None, workers: int | None = None) -> None:
        """Find the service.

        Args:
            name: `Sentiment`, `Sentiment@production` (the same), or a version, `Sentiment/3`.
            home: folder of the store; None = where `Flow` and `Run` look.
            workers: processes that answer; None = one per cpu.

        Raises:
            NotFound: there is no such service or version.
            UserMistake: it is paused.
        """
        view = current_view() if home is None else View(home, None)
        self._home = view.home
        self._deployed = find_live(self._home, name)
        self._workers = workers or os.cpu_count() or 1
        self._pool: ScratchPool | None = None
        self._log: BatchLog | None = None
        self._end: weakref.finalize[Any, Any] | None = None

    @property
    def name(self) -> str:
        """`Sentiment`."""
        return self._deployed.service

    @property
    def version(self) -> str:
        """`Sentiment/3`."""
        return self._deployed.version.name

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Names of its endpoints."""
        return tuple(self._deployed.version.definition.endpoints)

    def score(self, *values: object, endpoint: str | None = None, **named: object) -> object:
        """Ask an endpoint once and give its answer, as JSON knows it.

        Args:
            values: arguments, in the order of the endpoint's parameters.
            endpoint: which; None = the one called `score`, else the first.
            named: arguments by name.

        Raises:
            RequestRefused: the arguments do not fit the endpoint.
            NoAnswer: the endpoint failed.
        """
        return self.predict(*values, endpoint=endpoint, **named).value

    def predict(self, *values: object, endpoint: str | None = None, **named: object) -> Scored:
        """As `score`, and give the prediction's id with the answer: labels refer to it.

        Raises:
            RequestRefused: the arguments do not fit the endpoint.
            NoAnswer: the endpoint failed.
        """
        spec = self._endpoint(endpoint, "score")
        parameters = parameters_of(spec)
        if len(values) > len(parameters):
            takes = ", ".join(parameters) or "one object"
            raise RequestRefused(f"endpoint `{spec.name}` takes {takes}, and {len(values)} values were given")
        arguments = {**dict(zip(parameters, values, strict=False)), **named}
        (scored,) = self._scorer(spec).score_requests(ColumnPlan("whole", tuple(arguments)).requests([arguments]))
        if scored.status in (400, 422):
            raise RequestRefused(f"{self.version}, endpoint `{spec.name}`: {scored.error}")
        if scored.error:
            raise NoAnswer(f"{self.version}, endpoint `{spec.name}`: {scored.error}")
        return scored

    def score_many(self, rows: Any, *, endpoint: str | None = None) -> Any:
        """Score many rows; those that cannot be answered say why and hold up no others.

        Args:
            rows: a frame (pandas, polars), an Arrow table, or a list of dictionaries or values.
            endpoint: which; None = the one called `score_many`, else the first that gathers calls, else the first.

        Returns:
            Of a frame or table: one of the same kind with the columns `prediction`, `prediction_id` and
            `prediction_error`, and the same index. Of a list: a list of `Scored`.

        Raises:
            UserMistake: columns are missing, or no row at all can be answered.
        """
        spec = self._endpoint(endpoint, "score_many")
        scorer = TableScorer(self._scorer(spec), spec)
        try:
            if isinstance(rows, list | tuple):
                return self._score_list(scorer, spec, list(rows))
            return _score_table(scorer, spec, rows)
        finally:
            self._flush()

    def label(self, prediction: str, value: object) -> None:
        """Say what turned out to be true of a prediction; said again, the later label counts.

        Raises:
            UserMistake: that is no prediction id.
        """
        add_labels(self._home.path, self.name, [(prediction, value)], time.time())

    def close(self) -> None:
        """End its processes and write what is logged; it starts anew when it is asked again."""
        if self._end is not None:
            self._end()
        self._pool = self._log = self._end = None

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Service({self.version!r})"

    def __reduce__(self) -> tuple[type["Service"], tuple[str]]:
        return Service, (self.version,)

    def _endpoint(self, name: str | None, method: str) -> EndpointSpec:
        return find_endpoint(self._deployed, name, method)

    def _scorer(self, spec: EndpointSpec) -> Scorer:
        if self._pool is None:
            self._pool = ScratchPool(self._home, self._deployed, self._workers)
            self._log = BatchLog(self._home.path, self._pool, _say)
            self._end = weakref.finalize(self, _close, self._pool, self._log)
        return Scorer(self._pool, spec, self._log, self._workers)

    def _flush(self) -> None:
        if self._log is not None:
            self._log.close()

    def _score_list(self, scorer: TableScorer, spec: EndpointSpec, rows: list[object]) -> list[Scored]:
        records = [row if isinstance(row, dict) else {next(iter(parameters_of(spec)), ""): row} for row in rows]
        columns = list(dict.fromkeys(str(name) for record in records[:PIECE_ROWS] for name in record))
        plan = plan_columns(spec, columns, "the list")
        return list(self._scorer(spec).score(plan, records))


def find_live(home: Home, name: str, number: int | None = None) -> DeployedVersion:
    """Find the version that `Sentiment`, `Sentiment@production` or `Sentiment/3` names.

    Args:
        home: the store.
        name: as above.
        number: of the version; None = as `name` says, else the live one.

    Raises:
        NotFound: there is no such service, alias or version.
        UserMistake: it is paused, and no version was named.
    """
    service, _, alias = name.partition("@")
    service, _, label = service.partition("/")
    if label and not label.isdigit():
        raise NotFound(f"`{name}` names no version", hint=f"{service}/3 is version 3")
    if alias and alias != PRODUCTION:
        raise NotFound(f"{service} has no alias `{alias}`", hint=f"{service}@{PRODUCTION} is the live version")
    state = require_service(home.ledger, service)
    wanted = number or (int(label) if label else None)
    if wanted is None and state.is_paused:
        reason = f": {state.reason}" if state.reason else ""
        raise UserMistake(f"{service} is paused{reason}", hint=f"name a version to score all the same: {service}/3")
    return find_version(home.ledger, service, wanted or state.number)


def find_endpoint(deployed: DeployedVersion, name: str | None, method: str) -> EndpointSpec:
    """Find an endpoint.

    Args:
        deployed: the version.
        name: of the endpoint; None = the one called like `method`, else one that suits it.
        method: `score` or `score_many`.

    Raises:
        NotFound: the version has none of that name.
    """
    endpoints = deployed.version.definition.endpoints
    if name is not None:
        if name not in endpoints:
            hint = did_you_mean(name, endpoints, what="Endpoints")
            raise NotFound(f"{deployed.version.name} has no endpoint `{name}`", choices=list(endpoints), hint=hint)
        return endpoints[name]
    if method in endpoints:
        return endpoints[method]
    first = next(iter(endpoints.values()))
    gathering = [each for each in endpoints.values() if each.batch]
    return gathering[0] if gathering and method == "score_many" else first


def parameters_of(spec: EndpointSpec) -> tuple[str, ...]:
    """Give the names of an endpoint's parameters, in order; empty when it takes any object."""
    return tuple(msgspec.json.decode(spec.takes).get("properties", {}))


def _score_table(scorer: TableScorer, spec: EndpointSpec, rows: Any) -> Any:
    arrow, _ = arrow_and_parquet()
    kind = type(rows).__module__.partition(".")[0]
    if kind == "pandas":
        table = arrow.Table.from_pandas(rows, preserve_index=False)
    elif kind == "polars":
        table = rows.to_arrow()
    elif isinstance(rows, arrow.Table):
        table = rows
    else:
        hint = "a frame of pandas or polars, an Arrow table, or a list"
        raise UserMistake(f"a {type(rows).__name__} is nothing that can be scored", hint=hint)
    plan = plan_columns(spec, table.column_names, "the frame")
    pieces = (piece_of(table.slice(start, PIECE_ROWS), plan.used) for start in range(0, table.num_rows, PIECE_ROWS))
    scored = [each for _, some in scorer.score_pieces(plan, pieces) for each in some]
    answers = scorer.answers(scored)
    if kind == "pandas":
        return answers.to_pandas().set_axis(rows.index, axis=0)
    return answers if kind != "polars" else sys.modules["polars"].from_arrow(answers)


def _close(pool: ScratchPool, log: BatchLog) -> None:
    log.close()
    pool.close()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
