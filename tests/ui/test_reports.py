"""A report that tries everything, in a real browser: it reads nothing, calls nothing and leads nobody away."""

import json
import time
from contextlib import closing

import pytest

from headwater.home import open_home
from headwater.web.accounts.sessions import Session, start_session
from tests.client.history import History
from tests.ui.site import serve_page

#: Tries what no report may do, and writes down what came of it.
HOSTILE = """<!doctype html><title>Report</title><p id=out>none</p><script>
const out = {};
const attempt = (name, act) => { try { out[name] = String(act()); } catch (error) { out[name] = "refused"; } };
attempt("cookie", () => document.cookie);
attempt("storage", () => localStorage.length);
attempt("parent", () => window.top === window ? "refused" : parent.document.title);
attempt("origin", () => self.origin);
attempt("open", () => window.open("/api/v1/me") === null ? "refused" : "opened");
attempt("top", () => { if (window.top === window) return "refused"; window.top.location = "about:blank#stolen"; });
const picture = new Image(); picture.src = "/healthz?picture";
const form = document.createElement("form"); form.action = "/healthz?form"; document.body.append(form);
attempt("form", () => form.submit());
const asked = ["/api/v1/me", "/healthz", "https://example.org/"].map(path =>
  fetch(path, { credentials: "include" }).then(answer => answer.text(), () => "refused"));
Promise.all(asked).then(found => {
  out.fetch = found.join();
  document.getElementById("out").textContent = JSON.stringify(out);
});
</script>"""


@pytest.fixture
def site(tmp_path):
    home = str(tmp_path / "home")
    with closing(open_home(home, user="ann", make=True)) as opened:
        run = History(opened).run()
        run.task("start", {"report": HOSTILE})
        run.finish()
    with serve_page(home) as site:
        yield site


@pytest.fixture
def page(site, chromium):
    with closing(open_home(site.home)) as home:
        now = time.time()
        secret = start_session(home.ledger, Session("ann", now, now + 600, "link", {"*": "admin"}))
    port = site.url.rpartition(":")[2]
    context = chromium.new_context(base_url=site.url)
    cookie = {"name": f"headwater_session_{port}", "value": secret, "url": site.url}
    context.add_cookies([{**cookie, "httpOnly": True, "sameSite": "Strict"}])
    yield context.new_page()
    context.close()


REPORT = "/api/v1/runs/Churn/1/tasks/start/1/reports/report"
REFUSED = {
    "cookie": "refused",
    "storage": "refused",
    "parent": "refused",
    "origin": "null",
    "open": "refused",
    "form": "undefined",
    "fetch": "refused,refused,refused",
}


def addresses_that_answer(page):
    """Collect the paths of all that the network gives from now on, but for the icon that browsers look for."""
    found = []

    def note(answer):
        path = answer.url.split("/", 3)[3]
        if path != "favicon.ico":
            found.append(f"/{path}")

    page.on("response", note)
    return found


@pytest.mark.parametrize("sandbox", ["allow-scripts", None])
def test_a_report_in_a_frame_of_the_page_does_nothing_to_anybody(page, sandbox):
    page.goto("/healthz")
    answered = addresses_that_answer(page)
    page.evaluate(
        """([path, sandbox]) => {
            const frame = document.createElement("iframe");
            if (sandbox !== null) frame.setAttribute("sandbox", sandbox);
            frame.src = path;
            document.body.append(frame);
        }""",
        [REPORT, sandbox],
    )
    frame = next(frame for frame in page.frames if frame is not page.main_frame)

    frame.wait_for_function("document.getElementById('out')?.textContent !== 'none'")

    found = json.loads(frame.locator("#out").text_content())
    assert {name: found[name] for name in REFUSED} == REFUSED
    assert found["top"] in ("refused", "undefined")
    assert page.url.endswith("/healthz")
    assert answered == [REPORT]


def test_a_report_opened_by_its_address_does_nothing_either(page):
    answered = addresses_that_answer(page)
    page.goto(REPORT)

    page.wait_for_function("document.getElementById('out')?.textContent !== 'none'")

    found = json.loads(page.locator("#out").text_content())
    assert {name: found[name] for name in REFUSED} == REFUSED
    assert page.url.endswith(REPORT)
    assert answered == [REPORT]
