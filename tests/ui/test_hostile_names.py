"""Accounts, tokens and entries of the audit log whose every name is a script: the settings show them as text."""

from collections.abc import Iterator
from contextlib import closing

import msgspec
import pytest
from playwright.sync_api import Browser, expect

from headwater.home import open_home
from headwater.model.ports import Ledger
from headwater.model.records import Record
from headwater.model.secret_digest import secret_digest
from headwater.web.accounts.audit import AuditEntry, note
from headwater.web.accounts.tokens import ACCESS_TOKEN, AccessToken
from headwater.web.accounts.users import ACCOUNT, Account
from tests.ui.payloads import PAYLOADS
from tests.ui.site import Site, serve_page
from tests.ui.test_hostile import FOREIGN

#: None of them can be given to an account or a token by any command or route: they are put into the store itself.
NAMES = [text for text in PAYLOADS if "\0" not in text]


@pytest.fixture(scope="module")
def hostile_people(built_page: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server over a store with people, tokens and an audit log from some program that checks nothing."""
    path = str(tmp_path_factory.mktemp("people") / "home")
    with closing(open_home(path, make=True)) as home:
        for number, text in enumerate(NAMES):
            keep(home.ledger, ACCOUNT, text, Account(text, 1.0 + number, text, {text: "viewer"}))
            # One's own tokens are shown: they are all of whoever is going to look.
            token = AccessToken(text, NAMES[0], 1.0 + number, text, {text: "viewer"}, revoked_by=text)
            keep(home.ledger, ACCESS_TOKEN, secret_digest(text), token)
            told = AuditEntry(1.0 + number, text, text, text, text, text, text, {text: text}, f"refused: {text}")
            note(home.ledger, told)
    with serve_page(path) as site:
        yield site


def keep(ledger: Ledger, kind: str, key: str, body: msgspec.Struct) -> None:
    ledger.write_records([Record(kind, key, 1, 1.0, msgspec.Raw(msgspec.json.encode(body)))])


@pytest.mark.parametrize("tab", ["accounts", "tokens", "audit"])
def test_no_name_becomes_a_part_of_the_page(hostile_people: Site, chromium: Browser, tab: str):
    # Whoever looks has such a name as well.
    context = hostile_people.sign_in(chromium, NAMES[0], viewport={"width": 1600, "height": 1400})
    page = context.new_page()
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"/settings?tab={tab}")
    rows = page.get_by_role("row")
    expect(rows.nth(10)).to_be_visible()
    seen = set()
    # All there are, as a reader scrolls through them.
    for _ in range(60):
        texts = rows.all_inner_texts()
        if set(texts) <= seen:
            break
        seen |= set(texts)
        page.mouse.move(700, 600)
        page.mouse.wheel(0, 900)
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")

    shown = "\n".join(seen)
    assert sum(text.split()[0] in shown for text in NAMES) > 100
    assert page.evaluate(FOREIGN) == []
    assert said == []
    assert page.evaluate("[window.hacked, document.body.dataset.hacked, ({}).hacked].filter(Boolean)") == []
    context.close()
