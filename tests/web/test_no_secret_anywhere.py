"""Secrets are given in every way that there is, and found nowhere: in no store, no answer, no command line."""

import json
import os
import stat

import pytest

from headwater.web.tables import all_routes
from tests.web.secret_world import PASSWORD_OF_ADDRESS, SECRETS, SecretWorld, cells_of, opened_up, traces_of

#: What those who work from another machine keep there: their token, for themselves alone.
KEPT_BY_ITS_OWNER = ("ann/config/headwater/servers.json", "ann/kept/secrets.json", "project/.env")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return SecretWorld(tmp_path_factory.mktemp("secrets"))


def found_in(places, secrets):
    """Name where which secret shows."""
    looked_for = {name: traces_of(value) for name, value in secrets.items()}
    return sorted(
        {
            (place, name)
            for place, content in places.items()
            for name, parts in looked_for.items()
            if any(part in content for part in parts)
        }
    )


def test_s_27_the_store_and_its_logs_hold_no_secret(world):
    places = {path: opened_up(content) for path, content in world.kept().items() if path not in KEPT_BY_ITS_OWNER}
    places["cells of the ledger"] = cells_of(world.home / "ledger.db")

    assert {"above/home/daemon.log", "above/home/web/access.log", "above/home/ledger.db"} <= set(places)
    assert sum(b"in two writes: ***" in content for path, content in places.items() if path.endswith(".log")) >= 3
    assert b"class Leaky" in b"".join(content for path, content in places.items() if "/objects/" in path)
    assert found_in(places, {**SECRETS, **world.made}) == []


def test_s_27_nothing_that_was_said_holds_a_secret(world):
    assert any(b"DB_PASSWORD ***" in content for content in world.said.values())
    assert found_in(world.said, {**SECRETS, **world.made}) == []


def test_s_27_no_answer_of_the_api_holds_a_secret(world):
    given = world.answers
    answered = {route for route, status, _ in given if status == 200}
    asked = {route.path for route in all_routes() if route.method == "GET" and not route.path.endswith("stream")}
    places = {f"{route} ({number})": content for number, (route, _, content) in enumerate(given)}

    assert max(status for _, status, _ in given) < 500
    # There is no service here, no backfill and no report; the last one is a stream in disguise.
    nothing_there = ("/services/", "/backfills/", "/runs/{flow}/{label}/tasks/{step}/{task}/reports/", "/remote/news")
    assert {path for path in asked - answered if not path.startswith(nothing_there)} == set()
    assert sum(b"two writes: ***" in content for content in places.values()) > 5
    assert found_in(places, {**SECRETS, **world.made}) == []


def test_s_45_no_password_is_on_a_command_line(world):
    lines = dict(enumerate(world.command_lines))
    # The one that was typed there, in an address.
    typed = {name: value for name, value in SECRETS.items() if name != PASSWORD_OF_ADDRESS}

    assert any(b"headwater" in line and b"leaky.py" in line for line in lines.values())
    assert found_in(lines, {**typed, **world.made}) == []


def test_s_45_a_password_in_an_address_is_in_no_message_and_no_folders_name(world):
    refused = b"".join(content for name, content in world.said.items() if "login http" in name or name == "$ list")

    assert b"***@127.0.0.1" in refused
    assert not any(SECRETS[PASSWORD_OF_ADDRESS] in path for path in world.kept())
    assert not any("_ann" in folder or "ann_" in folder for folder in os.listdir(world.servers))


def test_s_27_the_flow_really_wrote_what_was_not_found(world):
    """What is masked where it was written stands beside what says that it was."""
    log = b"".join(content for path, content in world.kept().items() if "/runs/" in path)

    for words in (b"base64 ***", b'json {"key": "***"}', b"'DB_PASSWORD': '***'", b"tag: TagRefused a tag cannot hold"):
        assert words in log


def test_s_14_what_a_shell_would_act_on_is_kept_as_it_is(world):
    answers = [json.loads(content) for route, _, content in world.answers if route == "/runs/{flow}/{label}"]
    leaky = {each["label"]: each for each in answers if each["flow"] == "Leaky"}
    words = {label: run["parameters"]["word"] for label, run in leaky.items()}

    assert words == {1: world.words[0], 2: world.words[3], 3: world.words[4]}
    assert (leaky[1]["tags"], leaky[1]["note"], leaky[3]["tags"]) == (
        [world.words[1]],
        world.words[2],
        [world.words[3]],
    )
    assert [name for name in os.listdir(world.folder) if name.startswith("canary")] == []


def test_s_20_without_a_umask_everything_is_its_owners_alone(world):
    loose = []
    for root in (world.folder / "above", world.folder / "ann" / "config", world.folder / "ann" / "data"):
        for at, folders, files in os.walk(root):
            for name in (*folders, *files):
                found = os.lstat(os.path.join(at, name))
                # uv makes its lock for everybody, in a folder that is closed.
                is_closed = stat.S_ISLNK(found.st_mode) or (at, name) == (str(world.home / "wheels"), ".lock")
                if not is_closed and stat.S_IMODE(found.st_mode) & 0o077:
                    loose.append((os.path.join(at, name), oct(stat.S_IMODE(found.st_mode))))

    assert world.home.is_dir()
    assert loose == []


def test_s_20_nothing_is_left_where_everybody_may_write(world):
    assert os.listdir(world.folder / "tmp") == []
