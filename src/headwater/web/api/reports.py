"""Reports: artifacts that are pages of HTML, shown in a frame in which they can do nothing to anybody."""

from headwater.model.errors import ArtifactDamaged
from headwater.store.plain_reading import is_plain, read_plain
from headwater.web.api.tasks import find_artifact
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.routes import Raw, Route
from headwater.web.run_paths import TaskPart, find_task, project_of_run

#: Bytes of a report that is shown.
_MOST_BYTES = 32 << 20
#: Its scripts run (charts are drawn by them) in an origin of their own that nothing belongs to: no cookie is theirs,
#: nothing can be fetched, no form sent, no window opened, no other page navigated. Only the page's own frame shows it.
POLICY = (
    "sandbox allow-scripts; default-src 'none'; img-src data: blob:; font-src data:; media-src data: blob:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def show_report(asked: Asked, at: TaskPart) -> Raw:
    """Show an artifact that is a page of HTML, as it is, in a sandbox."""
    record, row = find_task(asked, at)
    found = find_artifact(record, row, at.name)
    path = f"{record.path}/{row.step}/{row.label}/{at.name}"
    if found.header is None or found.header.kind != "html" or not is_plain(found.ref):
        raise Refused(422, f"{path} is no page of HTML", hint="a text that begins with <!doctype html> is one")
    if found.ref.size > _MOST_BYTES:
        raise Refused(422, f"{path} has {found.ref.size} bytes; {_MOST_BYTES} can be shown")
    text = read_plain(asked.home.artifacts, found.ref)
    if not isinstance(text, str):
        raise ArtifactDamaged(found.ref.digest, "the store", "it is no text")
    headers = {"content-security-policy": POLICY, "cache-control": "no-store", "referrer-policy": "no-referrer"}
    return Raw("text/html; charset=utf-8", text.encode("utf-8", "replace"), headers)


ROUTES = (
    Route(
        "GET",
        "/runs/{flow}/{label}/tasks/{step}/{task}/reports/{name}",
        show_report,
        needs="viewer",
        of=project_of_run,
    ),
)
