"""A run as one file, to download."""

import re

from headwater.web.asked import Asked
from headwater.web.export.page import export_run
from headwater.web.routes import Raw, Route
from headwater.web.run_paths import RunPath, find_run, project_of_run


def download_run(asked: Asked, at: RunPath) -> Raw:
    """Give a run as one page of HTML that needs nothing else, to keep or to mail."""
    page = export_run(find_run(asked, at), asked.now)
    name = re.sub(r"[^A-Za-z0-9_-]", "_", at.flow[:80])
    headers = {
        "content-disposition": f'attachment; filename="{name}-{at.label}.html"',
        "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
        "cache-control": "no-store",
    }
    return Raw("text/html; charset=utf-8", page.encode(), headers)


ROUTES = (Route("GET", "/runs/{flow}/{label}/export", download_run, needs="viewer", of=project_of_run),)
