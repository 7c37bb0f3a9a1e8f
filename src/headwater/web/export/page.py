"""A run as one file of HTML that needs nothing else: to mail, to attach, to print."""

from collections.abc import Iterator, Mapping, Sequence

from headwater import __version__
from headwater.client.lineage import really_ran
from headwater.client.logs import attempt_file, fresh
from headwater.client.packages import packages_of_run
from headwater.client.records import RunRecord
from headwater.client.siblings import is_shown
from headwater.model.overviews import TaskSpan
from headwater.model.rows import ArtifactRow, TaskQuery, TaskRow
from headwater.store.trees import read_tree
from headwater.web.export.charts import draw_curve, draw_timeline
from headwater.web.export.graph import TONES, draw_graph
from headwater.web.export.markup import Markup, element, joined, size, took, when
from headwater.web.export.previews import show_preview
from headwater.web.export.style import STYLE
from headwater.web.reading.log_pages import LogPart, read_backwards
from headwater.web.reading.metric_files import files_of_run, names_in, read_curve
from headwater.web.views.critical_path import find_path, read_spans
from headwater.web.views.shown import parameter_values

#: Nothing is fetched and no script runs, whatever the file holds.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_MOST_ROWS = 300
_MOST_LOGS = 20
_LOG_LINES = 60
_MOST_ARTIFACTS = 100
_MOST_CURVES = 24
#: Tasks of a run on a server whose points are asked for.
_MOST_BROUGHT = 50
_MOST_FILE_BYTES = 200_000
_MOST_CODE_BYTES = 1_000_000


def export_run(record: RunRecord, now: float) -> str:
    """Make the page of a run as it stands now; nothing is loaded, previews are those that its tasks wrote."""
    spans = read_spans(record)
    tasks = _chosen(record)
    sections = [
        ("graph", "Graph", _graph(record)),
        ("timeline", "Timeline", _timeline(record, spans, now)),
        ("parameters", "Parameters", _parameters(record)),
        ("metrics", "Metrics", _metrics(record, tasks)),
        ("tasks", "Tasks", _tasks(record, tasks, spans)),
        ("logs", "Logs", _logs(record, tasks)),
        ("artifacts", "Artifacts", _artifacts(record, tasks)),
        ("environment", "Environment", _environment(record)),
        ("code", "Code", _code(record)),
    ]
    shown = [(key, title, body) for key, title, body in sections if body]
    page = joined(
        _head(record),
        _failure(record, tasks),
        element("nav", *(element("a", title, href=f"#{key}") for key, title, _ in shown)),
        *(element("section", element("h2", title), body, id=key) for key, title, body in shown),
        element("footer", f"Written by Headwater {__version__}, {when(now)}."),
    )
    return "<!doctype html>\n" + element("html", _document_head(record), element("body", page), lang="en")


def _document_head(record: RunRecord) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{record.path} · {record.row.status}"),
        element("style", Markup(STYLE)),
    )


def _head(record: RunRecord) -> Markup:
    row, started = record.row, record.started
    ended = None if row.finished_at is None else row.finished_at - row.started_at
    facts = {
        "started": when(row.started_at),
        "ended": when(row.finished_at),
        "took": took(ended),
        "by": f"{row.user} on {row.host}",
        "project": row.project,
        "deployment": "" if row.launch is None else f"{row.launch.target}, deployment {row.launch.number}",
        "resumes": row.origin or "",
        "command": " ".join(started.command),
        "seed": str(started.seed),
        "note": row.note,
    }
    rows = [joined(element("dt", name), element("dd", text)) for name, text in facts.items() if text]
    tags = [element("span", tag, class_="tag") for tag in (*row.tags, *row.system_tags)]
    return joined(
        element("h1", row.path, element("span", row.status, class_=f"pill {TONES.get(row.status, '')}")),
        element("p", started.graph.doc, class_="soft") if started.graph.doc else None,
        element("dl", *rows),
        element("p", *tags) if tags else None,
    )


def _failure(record: RunRecord, tasks: Sequence[TaskRow]) -> Markup:
    row = record.row
    if row.status != "failed":
        return Markup()
    task = next((each for each in tasks if each.key == row.failed_key), None)
    where = "" if task is None else f" in {task.step}/{task.label}"
    error = None if task is None else task.error
    told = [element("strong", f"It failed{where}: {row.message or row.cause}")]
    if error is not None:
        told.append(element("pre", error.traceback[-8000:]) if error.traceback else Markup())
        told.append(element("p", f"hint: {error.hint}") if error.hint else Markup())
        told += [_locals(frame.function, frame.line, frame.locals) for frame in error.frames if frame.locals]
    return element("div", *told, class_="failure")


def _locals(function: str, line: int, variables: dict[str, str]) -> Markup:
    return element("details", element("summary", f"variables of {function}, line {line}"), _pairs(variables))


def _pairs(texts: Mapping[str, str]) -> Markup:
    rows = [element("tr", element("td", name), element("td", element("code", text))) for name, text in texts.items()]
    return element("table", *rows, class_="pairs")


def _graph(record: RunRecord) -> Markup:
    counts: dict[str, dict[str, int]] = {}
    for count in record.view.ledger.step_counts(record.run):
        counts.setdefault(count.step, {})[count.status] = count.count
    return element("div", draw_graph(record.started.graph, counts), class_="scroll")


def _timeline(record: RunRecord, spans: Sequence[TaskSpan], now: float) -> Markup:
    """Draw all tasks, or of many those that the duration hung on, that failed, and that took longest."""
    attempts: dict[int, list[TaskSpan]] = {}
    for span in spans:
        attempts.setdefault(span.label, []).append(span)
    if not attempts:
        return Markup()
    shown = set(attempts)
    if len(attempts) > _MOST_ROWS:
        path = [link.span.label for link in find_path(record, spans, now)]
        odd = [label for label, many in attempts.items() if many[-1].status not in ("succeeded", "running")]
        longest = sorted(attempts, key=lambda label: -_length(attempts[label], now))
        shown = set([*path, *odd[: _MOST_ROWS // 3], *longest][:_MOST_ROWS])
    rows = [attempts[label] for label in sorted(shown)]
    end = record.row.finished_at or now
    told = None
    if len(rows) < len(attempts):
        told = element(
            "p",
            f"{len(rows)} of {len(attempts):,} tasks: those that the duration hung on, that failed, that took longest",
            class_="soft",
        )
    return joined(told, element("div", draw_timeline(rows, record.row.started_at, end), class_="scroll"))


def _length(attempts: Sequence[TaskSpan], now: float) -> float:
    return (attempts[-1].finished_at or now) - attempts[0].started_at


def _parameters(record: RunRecord) -> Markup:
    values = parameter_values(record.view.home, [record.row.parameters])[0]
    return _pairs({name: _plain(value) for name, value in values.items()}) if values else Markup()


def _plain(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def _metrics(record: RunRecord, tasks: Sequence[TaskRow]) -> Markup:
    summary = [
        element("tr", element("td", name), element("td", _plain(value), class_="number"))
        for name, value in record.row.metrics.items()
    ]
    for row in tasks[:_MOST_BROUGHT] if record.view.home.is_far else ():
        fresh(attempt_file(record.view.home_path, record.run, row.label, row.attempt, "points"))
    files = files_of_run(record.view.home_path, record.run)[:_MOST_ROWS]
    curves: list[Markup] = []
    for name in list(names_in(files))[:_MOST_CURVES]:
        for file in files:
            curve = read_curve(file.path, name, 400)
            if curve is not None and len(curves) < _MOST_CURVES:
                title = element("h3", f"{name} ", element("span", f"task {file.label}", class_="soft"))
                curves.append(element("div", title, draw_curve(curve)))
    return joined(
        element("table", *summary) if summary else None, element("div", *curves, class_="curves") if curves else None
    )


def _chosen(record: RunRecord) -> list[TaskRow]:
    """Give the tasks that are told one by one: of many, those that failed and the first ones."""
    ledger = record.view.ledger
    odd = ledger.tasks(
        TaskQuery(record.run, statuses=("failed", "caught", "retrying", "lost", "cancelled"), limit=_MOST_ROWS // 2)
    ).rows
    first = ledger.tasks(TaskQuery(record.run, limit=_MOST_ROWS)).rows
    found = {row.label: row for row in [*odd, *first]}
    return [found[label] for label in sorted(list(found)[:_MOST_ROWS])]


def _tasks(record: RunRecord, tasks: Sequence[TaskRow], spans: Sequence[TaskSpan]) -> Markup:
    heads = ("task", "status", "started", "took", "attempts", "peak memory", "error")
    rows = [element("tr", *(element("th", head) for head in heads))]
    for row in tasks:
        ended = None if row.finished_at is None else row.finished_at - row.started_at
        error = "" if row.error is None else f"{row.error.type}: {row.error.message}"[:300]
        texts = (when(row.started_at), took(ended), str(row.attempt + 1), size(row.usage.peak_memory_bytes), error)
        state = element("td", row.status, class_=TONES.get(row.status, ""))
        name = f"{row.step}/{row.label}" + (f" (from {row.origin})" if row.origin else "")
        rows.append(element("tr", element("td", name), state, *(element("td", text) for text in texts)))
    count = len({span.label for span in spans})
    more = element("p", f"{len(tasks)} of {count:,} tasks", class_="soft") if count > len(tasks) else None
    return joined(more, element("div", element("table", *rows), class_="wide")) if tasks else Markup()


def _logs(record: RunRecord, tasks: Sequence[TaskRow]) -> Markup:
    """Show the ends of logs, of tasks that failed first; a reused task's from where it ran."""
    order = sorted(tasks, key=lambda row: (row.status in ("succeeded", "running"), row.label))
    shown: list[Markup] = []
    for row in order:
        ran_in, ran = really_ran(record, row) or (record, row)
        path = fresh(attempt_file(record.view.home_path, ran_in.run, ran.label, ran.attempt, "log"))
        part = read_backwards(path, None, _LOG_LINES)
        if part.rows:
            shown.append(_log(row, part, is_open=not shown and row.status == "failed"))
        if len(shown) == _MOST_LOGS:
            break
    return joined(*shown)


def _log(row: TaskRow, part: LogPart, *, is_open: bool) -> Markup:
    lines = [element("span", f"{line.text}\n", class_="err" if line.stream == "stderr" else None) for line in part.rows]
    cut = f", the last {len(part.rows)} lines" if part.begin > 0 else ""
    told = element("summary", f"{row.step}/{row.label}{cut}")
    return element("details", told, element("pre", *lines, class_="log"), open="" if is_open else None)


def _artifacts(record: RunRecord, tasks: Sequence[TaskRow]) -> Markup:
    names = {row.key: f"{row.step}/{row.label}" for row in tasks}
    rows = [row for row in record.view.ledger.artifacts(record.run, list(names)) if is_shown(row.name)]
    return joined(*(_artifact(row, names[row.key]) for row in rows[:_MOST_ARTIFACTS]))


def _artifact(row: ArtifactRow, task: str) -> Markup:
    header = row.header
    shape = "" if header is None or not header.shape else " × ".join(str(length) for length in header.shape)
    about = ", ".join(text for text in (row.ref.type, shape, size(row.ref.size)) if text)
    told = element("summary", element("strong", row.name), " of ", task, " ", element("span", about, class_="soft"))
    return element("details", told, show_preview(header))


def _environment(record: RunRecord) -> Markup:
    packages = packages_of_run(record)
    told = element("summary", f"python {packages.get('python', '')} and {len(packages) - 1} packages")
    return element("details", told, _pairs(dict(sorted(packages.items())))) if packages else Markup()


def _code(record: RunRecord) -> Markup:
    source = record.started.code
    return Markup() if source.tree is None else joined(*_files(record, source.tree, source.file))


def _files(record: RunRecord, tree: str, main: str) -> Iterator[Markup]:
    """Show the files of a run, the flow's own first, open."""
    objects = record.view.home.objects
    left = _MOST_CODE_BYTES
    files = read_tree(objects, tree).files
    for path in sorted(files, key=lambda each: (each != main, each)):
        file = files[path]
        told = element("summary", path, " ", element("span", size(file.size), class_="soft"))
        if file.size > min(left, _MOST_FILE_BYTES):
            yield element("details", told, element("p", "left out: it is too long", class_="soft"))
            continue
        left -= file.size
        text = bytes(objects.map_raw(file.digest)).decode("utf-8", "replace")
        yield element("details", told, element("pre", text), open="" if path == main else None)
