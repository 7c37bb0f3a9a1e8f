"""Pages for people: the list, a service's documentation, the form; nothing in them comes from afar."""

import re
from html.parser import HTMLParser

import msgspec
import pytest

from headwater import ServiceSpec, endpoint
from headwater.hosting.compile import compile_service
from headwater.hosting.pages import example_of, index_page, service_page, try_page, type_words
from headwater.hosting.signatures import Signature
from headwater.hosting.spec import MARK
from headwater.model.order import CodeSource
from headwater.model.service import EndpointSpec, ServiceVersion
from tests.hosting.http_scene import HttpHost
from tests.hosting.kinds import Kinds, Older, Readings

_VOID = {"meta", "link", "br", "input"}


class Page(HTMLParser):
    """Reads a page and what matters of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def attributes(self, name: str) -> list[str]:
        return [value for _, attributes in self.tags for key, value in attributes.items() if key == name and value]


def version_of(service: type, **more: object) -> ServiceVersion:
    code = CodeSource("/nowhere", "kinds.py", "kinds", service.__name__)
    return ServiceVersion(compile_service(service, code).definition, code, "/nowhere", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/", "/docs", "/Kinds/", "/Kinds", "/Kinds/row", "/Older/", "/Older/score"])
def test_every_page_is_whole_and_takes_nothing_from_afar(kinds_host: HttpHost, path: str) -> None:
    given = kinds_host.get(path)
    page = Page(given.body.decode())
    policy = given.headers["content-security-policy"]

    assert (given.status, given.kind) == (200, "text/html; charset=utf-8")
    assert all(each.startswith("/") and not each.startswith("//") for each in page.attributes("src"))
    assert all(each.startswith(("/", "#")) for each in page.attributes("href"))
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert not [each for tag, each in page.tags if tag == "style" or any(name.startswith("on") for name in each)]
    assert "<script>alert" not in given.body.decode()


@pytest.mark.parametrize("path", ["/", "/Kinds/", "/Kinds/row", "/Kinds/array"])
def test_every_link_of_a_page_leads_somewhere(kinds_host: HttpHost, path: str) -> None:
    page = Page(kinds_host.get(path).body.decode())
    links = {each for name in ("href", "src") for each in page.attributes(name)}

    assert links
    assert {link: kinds_host.get(link).status for link in links} == dict.fromkeys(links, 200)


def test_everything_of_a_form_has_its_label(kinds_host: HttpHost) -> None:
    page = Page(kinds_host.get("/Kinds/row").body.decode())
    ids = set(page.attributes("id"))

    assert [each for tag, each in page.tags if tag == "html"] == [{"lang": "en"}]
    assert set(page.attributes("for")) == {each["id"] for tag, each in page.tags if tag == "textarea"}
    assert set(page.attributes("aria-describedby") + page.attributes("aria-labelledby")) <= ids
    assert [tag for tag, _ in page.tags].count("h1") == 1


@pytest.mark.parametrize("name", list(version_of(Kinds).definition.endpoints))
def test_the_made_up_example_of_a_form_is_a_request_that_fits(kinds_host: HttpHost, name: str) -> None:
    spec = version_of(Kinds).definition.endpoints[name]
    given = kinds_host.call(f"/Kinds/{name}", msgspec.json.encode(example_of(spec)))

    assert given.status == 200, given.body


def test_an_example_of_the_training_data_is_shown_instead_and_said_to_be_one() -> None:
    version = version_of(
        Readings, examples={"row": msgspec.Raw(b'{"point":{"x":7.25,"label":"<b>"}}')}, run="Learn/3", number=2
    )
    page = try_page(version, version.definition.endpoints["row"]).decode()
    documented = service_page(version).decode()
    other = try_page(version, version.definition.endpoints["texts"]).decode()

    assert "7.25" in page and "&lt;b&gt;" in page and "<b>" not in page
    assert "of Learn/3" in page and "Made up" not in page
    assert "7.25" in documented and "<b>" not in documented
    assert "Made up" in other


def test_the_list_says_which_version_answers_and_from_what() -> None:
    page = index_page([version_of(Older, number=4, run="Learn/3")]).decode()

    assert "version 4" in page and "from Learn/3" in page
    assert "No service is ready" in index_page([]).decode()


@pytest.mark.parametrize(
    ("service", "name", "expected"),
    [
        (Kinds, "text", {"text": "string", "times": "integer"}),
        (Kinds, "numbers", {"values": "list of number"}),
        (Kinds, "row", {"customer": 'Customer {age: integer, plan: "basic" | "plus", income: number or null}'}),
        (Kinds, "choice", {"color": '"green" | "red"', "shade": 'Shade: "dark" | "light"', "size": "integer"}),
        (Kinds, "anything", {"value": "anything"}),
    ],
)
def test_types_are_said_in_words(service: type, name: str, expected: dict[str, str]) -> None:
    spec: EndpointSpec = version_of(service).definition.endpoints[name]
    takes = msgspec.json.decode(spec.takes)

    assert {field: type_words(schema, spec) for field, schema in takes["properties"].items()} == expected


def test_a_type_that_holds_itself_is_said_too() -> None:
    function = Nested.walk
    spec = Signature("walk", function, getattr(function, MARK))

    assert "Tree" in str(spec.takes_schema)
    assert service_page(version_of(Nested)).count(b"Tree") >= 1
    assert spec.read(msgspec.json.encode(example_of(version_of(Nested).definition.endpoints["walk"])))


class Tree(msgspec.Struct):
    value: int
    left: "Tree | None"
    children: list["Tree"]


class Nested(ServiceSpec):
    """Takes a tree."""

    @endpoint
    def walk(self, tree: Tree) -> Tree:
        return tree


def test_static_files_are_those_two_only(kinds_host: HttpHost) -> None:
    found = {name: kinds_host.get(f"/static/{name}").status for name in ("page.css", "try.js", "", "a/b", "../app.py")}

    assert found == {"page.css": 200, "try.js": 200, "": 404, "a/b": 404, "../app.py": 404}
    assert not re.search(r"https?://", kinds_host.get("/static/page.css").body.decode())
