"""Names and addresses that lead out of the store, in every part of every route's address and of what is sent."""

import builtins
import os
import sys
from urllib.parse import quote

import pytest

import headwater
from headwater.home import open_home
from headwater.web.tables import all_routes
from tests.client.history import History
from tests.web.gate_site import PASSWORD, GateSite
from tests.web.test_every_route import PARTS, body_of, path_of

#: By the catalogue's id.
LEADING_OUT = {
    "S-01": ["../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "mlflow-artifacts:/../..", "~/.ssh/id_rsa"],
    "S-02": ["s3://ok#/../../etc/", "x?y=/../../etc/passwd", "x#/../../etc/passwd"],
    "S-03": ["%252e%252e%252fetc%252fpasswd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%c0%afetc", "..%ef%bc%8fetc"],
    "S-04": ["..\\..\\x", "a/../../b", "\\\\host\\share\\x", "C:\\x", "x\0y", "x" * 5000, "name.", "..", ".", "", " "],
}
WORDS = [word for words in LEADING_OUT.values() for word in words]
_REACHING = ("open", "stat", "lstat", "listdir", "scandir", "unlink", "remove", "rename", "replace", "mkdir", "rmdir")
#: Of names that are sent, and become those of files.
NAMED_FILES = {
    "/remote/runs/files": lambda word: {
        "lease": {"run": "0" * 26, "epoch": 1, "secret": "0" * 64},
        "name": word,
        "offset": 0,
        "piece": "",
    },
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    home = open_home(str(tmp_path_factory.mktemp("store") / "home"), user="root", make=True)
    site = GateSite(home)
    story = History(home).run("Churn")
    story.begin("start")
    story.finish("cancelled")
    site.person("bob", PASSWORD, everything="admin")
    site.as_bob = site.token("bob")
    yield site
    site.close()
    home.close()


@pytest.fixture
def reached(monkeypatch):
    """Every path that is opened, looked at or changed from now on."""
    paths = set()

    def noting(function):
        def call(path, *args, **kwargs):
            if isinstance(path, str | bytes | os.PathLike):
                paths.add(os.fsdecode(path))
            return function(path, *args, **kwargs)

        return call

    for name in _REACHING:
        monkeypatch.setattr(os, name, noting(getattr(os, name)))
    monkeypatch.setattr(builtins, "open", noting(builtins.open))
    yield paths


def outside(paths, site):
    """Give those that are neither the store's nor of the programs that run."""
    own = (site.home.path, os.path.dirname(headwater.__file__), sys.prefix, sys.base_prefix, "/proc/self", "/etc/mime")
    whole = {os.path.abspath(path) for path in paths}
    return sorted(path for path in whole if not path.startswith(own))


def entries(site):
    return sorted(os.path.join(at, name) for at, _, names in os.walk(site.home.path) for name in names)


@pytest.mark.parametrize("catalogued", LEADING_OUT)
def test_s_01_to_s_04_no_part_of_an_address_leads_out_of_the_store(site, reached, catalogued):
    before = entries(site)
    asked = 0
    for route in all_routes():
        for part in [name for name in PARTS if f"{{{name}" in route.path] + ["name", "path"]:
            if f"{{{part}" not in route.path or route.path.endswith("stream"):
                continue
            for word in LEADING_OUT[catalogued]:
                for written in {word, quote(word, safe="")}:
                    known = {"flow": "Churn", "label": "1", "step": "start", "task": "1"}
                    path = path_of(route, **{**known, part: written})
                    given = site.ask(route.method, path, body_of(route), token=site.as_bob)
                    asked += 1
                    assert given.status < 500, (route.path, part, word, given)
                    assert b"root:" not in given.body

    assert asked > 200
    assert outside(reached, site) == []
    assert entries(site) == before


@pytest.mark.parametrize("route", NAMED_FILES)
def test_s_04_no_name_that_is_sent_is_that_of_another_file(site, reached, route):
    before = entries(site)
    statuses = {site.ask("POST", route, NAMED_FILES[route](word), token=site.as_bob).status for word in WORDS}
    right = site.ask("POST", route, NAMED_FILES[route]("1.0.log"), token=site.as_bob)

    assert statuses <= {400, 422}
    assert right.status == 409  # that run is nobody's: but the name was fine
    assert outside(reached, site) == []
    assert entries(site) == before


def test_what_notes_the_paths_would_see_one_that_leads_out(site, reached):
    site.ask("GET", "/runs/Churn/1/tasks/start/1/logs", token=site.as_bob)
    assert any(path.startswith(site.home.path) for path in reached)
    with open("/etc/hostname", "rb") as file:
        file.read()

    assert outside(reached, site) == ["/etc/hostname"]
