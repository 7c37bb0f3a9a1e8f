"""The built page as files: its weight, its rules, and what its sources may not do."""

import json
import re
import runpy
import urllib.request
from pathlib import Path

import msgspec
import pytest

from headwater.web.openapi import describe
from headwater.web.tables import all_routes
from tests.ui.site import PROJECT, Site

SOURCES = PROJECT / "ui" / "src"
BUILT = PROJECT / "src" / "headwater" / "web" / "page"
#: Bytes that everything of the page may weigh together, compressed.
MOST_BYTES = 350_000


def sources() -> list[Path]:
    return [path for path in SOURCES.rglob("*.ts*") if path.suffix in (".ts", ".tsx")]


def test_no_source_makes_html_from_text():
    forbidden = re.compile(
        r"dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    )

    assert len(sources()) > 40
    assert [f"{path}: {found[0]}" for path in sources() if (found := forbidden.search(path.read_text()))] == []


def test_the_lock_of_the_page_names_no_host():
    packages = json.loads((PROJECT / "ui" / "package-lock.json").read_text())["packages"]

    assert len(packages) > 20
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_the_types_of_the_api_are_those_of_this_api():
    stamp = runpy.run_path(str(PROJECT / "ui" / "scripts" / "stamp_schema.py"))
    described = json.loads(msgspec.json.encode(describe(all_routes())))
    first = (SOURCES / "api" / "schema.d.ts").read_text().partition("\n")[0]

    assert stamp["digest_of"](described) in first, "the API changed: npm run api, in ui/"


@pytest.mark.usefixtures("built_page")
def test_the_page_is_light():
    weights = {
        path.name: path.with_name(f"{path.name}.gz").stat().st_size
        for path in BUILT.rglob("*")
        if path.suffix in (".js", ".css", ".html")
    }
    # Of the letters a reader of western languages loads one file.
    [letters] = BUILT.rglob("inter-latin-wght-*.woff2")

    assert len(weights) > 5
    assert sum(weights.values()) + letters.stat().st_size < MOST_BYTES, sorted(weights.items(), key=lambda one: one[1])


@pytest.mark.usefixtures("built_page")
def test_the_page_holds_no_code_and_no_style_of_its_own():
    page = (BUILT / "index.html").read_text()

    assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|javascript:", page) == []
    assert {found for found in re.findall(r'(?:src|href)="([^"]+)"', page) if not found.startswith("/assets/")} == set()


def test_the_page_comes_compressed_under_a_policy_that_forbids_code_from_elsewhere(site: Site):
    asked = urllib.request.Request(site.url + "/runs", headers={"accept-encoding": "gzip"})
    with urllib.request.urlopen(asked) as answer:
        policy = answer.headers["content-security-policy"]

        assert answer.headers["content-encoding"] == "gzip"
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.get("script-src", rules["default-src"]) == "'self'"
    assert rules["frame-ancestors"] == "'none'"
