"""The built page: files with hashed names, which never change, and the one that names them."""

import mimetypes
import os

from starlette.requests import Request
from starlette.responses import Response

from headwater.web.problems import Refused

FOLDER = os.path.join(os.path.dirname(__file__), "page")

#: Nothing from afar, no script in the page itself, nobody's frame; reports have rules of their own.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; frame-src 'self'"
)
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_NOT_BUILT = b"""<!doctype html><meta charset="utf-8"><title>Headwater</title>
<p>This checkout has no page yet: <code>make ui</code> builds it (it needs Node).
The API answers at <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>."""


class PageFiles:
    """Gives the files of the page by their names; nothing but what was there when it started can be asked for."""

    def __init__(self, folder: str = FOLDER) -> None:
        # Held in memory, about 1.5 MB: a page that is built anew, or upgraded, under a running server stays whole.
        self._files = {
            os.path.relpath(os.path.join(at, name), folder): _read(os.path.join(at, name))
            for at, _, names in os.walk(folder)
            for name in names
        }

    async def answer(self, request: Request) -> Response:
        """Give a file; every other path is a view of the page, which its script shows."""
        name = request.url.path.lstrip("/")
        headers = {"content-security-policy": POLICY}
        if name.startswith("assets/"):
            if name not in self._files:
                raise Refused(404, "there is no such file")
            return self._file(request, name, {**headers, "cache-control": "public, max-age=31536000, immutable"})
        if name in self._files and name != "index.html" and "." in name:
            return self._file(request, name, {**headers, "cache-control": "no-cache"})
        if "index.html" not in self._files:
            return Response(_NOT_BUILT, 503, headers, media_type="text/html")
        return self._file(request, "index.html", {**headers, "cache-control": "no-cache"})

    def _file(self, request: Request, name: str, headers: dict[str, str]) -> Response:
        accepted = request.headers.get("accept-encoding", "")
        content = self._files[name]
        for encoding, ending in _ENCODINGS:
            if encoding in accepted and name + ending in self._files:
                content = self._files[name + ending]
                headers["content-encoding"] = encoding
                break
        headers["vary"] = "accept-encoding"
        return Response(content, headers=headers, media_type=mimetypes.guess_type(name)[0] or "text/plain")


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
