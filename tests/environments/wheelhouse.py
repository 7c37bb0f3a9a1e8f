"""A package index on this machine: tiny wheels made here, and those that a worker needs, packed again as installed."""

import hashlib
import threading
import zipfile
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path

from headwater.environments.asked import canonical_name

#: What resolves for a worker: its requirements and theirs.
WORKER_PACKAGES = ("apsw", "blake3", "msgspec", "threadpoolctl", "typing_extensions", "zstandard")


def make_wheel(
    folder: Path, name: str, version: str, files: dict[str, str] | None = None, requires: tuple[str, ...] = ()
) -> Path:
    """Make a wheel of a pure package; without `files` it is one module that holds its version."""
    facts = f"{name}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *(f"Requires-Dist: {r}" for r in requires)]
    contents = {path: text.encode() for path, text in (files or {f"{name}.py": f"version = {version!r}\n"}).items()}
    contents[f"{facts}/METADATA"] = "\n".join([*metadata, ""]).encode()
    contents[f"{facts}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    return _write(folder / f"{name}-{version}-py3-none-any.whl", facts, contents)


def pack_again(folder: Path, name: str) -> Path:
    """Make a wheel of a package that is installed here."""
    found = distribution(name)
    contents: dict[str, bytes] = {}
    facts = tag = ""
    for file in found.files or ():
        path = str(file)
        if path.startswith("..") or "__pycache__" in path:
            continue
        if path.endswith(".dist-info/METADATA"):
            facts = path.partition("/")[0]
        if path.endswith((".dist-info/RECORD", "/INSTALLER", "/REQUESTED", "/direct_url.json", "/uv_cache.json")):
            continue
        contents[path] = Path(str(found.locate_file(file))).read_bytes()
        if path.endswith(".dist-info/WHEEL"):
            tags = [line[5:] for line in contents[path].decode().splitlines() if line.startswith("Tag: ")]
            tag = _joined(tags)
    return _write(folder / f"{facts.removesuffix('.dist-info')}-{tag}.whl", facts, contents)


def _joined(tags: list[str]) -> str:
    """Write tags as a file's name has them: each of the three parts with its alternatives."""
    parts = zip(*(tag.split("-") for tag in tags), strict=True)
    return "-".join(".".join(dict.fromkeys(part)) for part in parts)


def _write(path: Path, facts: str, contents: dict[str, bytes]) -> Path:
    record = [f"{name},sha256={_hash(text)},{len(text)}" for name, text in contents.items()]
    contents[f"{facts}/RECORD"] = "\n".join([*record, f"{facts}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in contents.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return path


def _hash(text: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()


class Index:
    """Serves a folder of wheels as a package index, and counts what it is asked."""

    def __init__(self, folder: Path, *, beside: str = "") -> None:
        self.folder = folder
        #: Address of the index that has what this one has not.
        self.beside = beside
        #: Paths asked for.
        self.requests: list[str] = []
        #: The first request has come; until the second is set nobody gets an answer.
        self.was_asked, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.wfile.write(self._begin())

            def do_HEAD(self) -> None:
                self._begin()

            def _begin(self) -> bytes:
                index.requests.append(self.path)
                index.was_asked.set()
                index.may_answer.wait()
                body = index.answer(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "text/html" if self.path.startswith("/simple") else "application/zip")
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                return body or b""

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/simple"

    def answer(self, path: str) -> bytes | None:
        kind, name = path.strip("/").split("/")[:2]
        if kind == "files" and name.endswith(".metadata"):
            return _metadata(self.folder / name.removesuffix(".metadata"))
        if kind == "files":
            return (self.folder / name).read_bytes()
        wheels = sorted(self.folder.iterdir())
        links = [_link(wheel) for wheel in wheels if canonical_name(wheel.name.partition("-")[0]) == name]
        return "<br>".join(links).encode() if links else None

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _link(wheel: Path) -> str:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f'<a href="/files/{wheel.name}#sha256={digest}" data-dist-info-metadata="true">{wheel.name}</a>'


def _metadata(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA")))
