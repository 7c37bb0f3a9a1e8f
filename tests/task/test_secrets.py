import os
import stat
from pathlib import Path

import pytest

from headwater.flow.decorators import catch, environment, retry, secrets
from headwater.flow.secret_sources import read_sources, without_values
from headwater.flow.spec import FlowSpec
from headwater.flow.step import step
from headwater.model.current import current
from headwater.model.errors import SecretMissing
from headwater.model.launch import Launch, Trigger
from headwater.model.options import StepOptions
from headwater.task.secrets import secrets_of, unmasked_names
from tests.task.attempt_parts import Runner, make_order

VALUE = "hunter2-precious"


def asked(*sources: object, environ: dict[str, str] | None = None, launch: Launch | None = None, **others: object):
    options = StepOptions(secrets=read_sources(sources, **others))
    return secrets_of(make_order("train", options=options, launch=launch), environ or {})


def refusal(*sources: object, **others: object) -> str:
    with pytest.raises(SecretMissing) as raised:
        asked(*sources, **others)
    assert VALUE not in str(raised.value)
    return str(raised.value)


def private(path: Path, content: str) -> str:
    path.write_text(content)
    path.chmod(0o600)
    return str(path)


def test_a_step_that_asks_for_none_gets_none():
    assert secrets_of(make_order("train"), {}) == {}


def test_variables_come_from_where_the_run_was_started_and_may_be_renamed():
    source = {"type": "env", "id": "PROD_PASSWORD,USER_NAME", "options": {"PROD_PASSWORD": "PASSWORD"}}

    assert asked(source, environ={"PROD_PASSWORD": VALUE, "USER_NAME": "ann"}) == {
        "PASSWORD": VALUE,
        "USER_NAME": "ann",
    }


def test_a_file_of_lines_is_read(tmp_path):
    content = f"# database\nPASSWORD={VALUE}\n\nexport USER_NAME = ann \nQUOTED='a b'\nEMPTY=\nURL=x=y#z\n"
    path = private(tmp_path / "db.env", content)

    assert asked(f"file.{path}") == {
        "PASSWORD": VALUE,
        "USER_NAME": "ann",
        "QUOTED": "a b",
        "EMPTY": "",
        "URL": "x=y#z",
    }


def test_a_file_of_json_is_read_and_its_names_may_be_replaced(tmp_path):
    path = private(tmp_path / "db.json", f'{{"password": "{VALUE}", "PORT": 5432, "TLS": true}}')
    source = {"type": "file", "id": path, "options": {"password": "DB_PASSWORD"}}

    assert asked(source) == {"DB_PASSWORD": VALUE, "PORT": "5432", "TLS": "true"}


def test_a_file_may_lie_below_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    private(tmp_path / "db.env", f"PASSWORD={VALUE}")

    assert asked("file.~/db.env") == {"PASSWORD": VALUE}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_file_that_others_can_reach_is_refused_with_the_remedy(tmp_path, mode):
    path = private(tmp_path / "my db.env", f"PASSWORD={VALUE}")
    os.chmod(path, mode)

    text = refusal(f"file.{path}")
    assert f"others may read it (its mode is {mode:04o})" in text
    assert f"chmod 600 '{path}'" in text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path):
    path = private(tmp_path / "db.env", f"PASSWORD={VALUE}")
    os.chown(path, 12345, -1)

    assert "it belongs to another user" in refusal(f"file.{path}")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"{VALUE}\n", "line 1 is not of the form NAME=VALUE"),
        (f"A=1\nmy {VALUE}=2\n", "line 2 is not of the form NAME=VALUE"),
        (f"A=1\nA={VALUE}\n", "line 2 sets `A` again"),
        (f'{{"A": ["{VALUE}"]}}', "not a JSON object of names and values"),
        (f'{{"A": "{VALUE}"', "not a JSON object of names and values"),
        (f"HEADWATER_HOME={VALUE}", "are settings, not secrets"),
        (f"A-B={VALUE}", "is no name"),
        (f"A=x\0{VALUE}", "`A` holds a character that no variable can"),
        (f'{{"A": "\\ud800{VALUE}"}}', "not a JSON object of names and values"),
    ],
)
def test_a_file_of_another_form_is_refused_without_a_word_of_what_it_holds(tmp_path, content, words):
    assert words in refusal(f"file.{private(tmp_path / 'db.env', content)}")


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)

    assert "No such file" in refusal(f"file.{tmp_path}/nowhere")
    assert "it is not a file" in refusal(f"file.{tmp_path}/pipe")
    assert "it is not a file" in refusal(f"file.{tmp_path}")


def test_a_file_that_is_far_too_large_is_refused(tmp_path):
    assert "larger than 1 MiB" in refusal(f"file.{private(tmp_path / 'db.env', 'A=' + 'x' * (1 << 20))}")


def test_every_missing_secret_is_named_at_once(tmp_path):
    text = refusal("env.PASSWORD,TOKEN", f"file.{tmp_path}/nowhere", "env.THERE,GONE", environ={"THERE": VALUE})

    assert "step `train` was not started" in text
    for words in ("`PASSWORD`, `TOKEN` are not set", "nowhere", "`GONE` is not set"):
        assert words in text


def test_a_variable_that_is_there_with_another_value_is_not_replaced_unless_allowed(tmp_path):
    source = f"file.{private(tmp_path / 'db.env', f'PASSWORD={VALUE}')}"

    assert "has already with another value" in refusal(source, environ={"PASSWORD": "older"})
    assert asked(source, environ={"PASSWORD": VALUE}) == {"PASSWORD": VALUE}
    assert asked(source, environ={"PASSWORD": "older"}, allow_override=True) == {"PASSWORD": VALUE}


def test_two_sources_that_give_the_same_variable_are_refused(tmp_path):
    path = private(tmp_path / "db.env", f"PASSWORD={VALUE}")

    assert "as another source does" in refusal("env.PASSWORD", f"file.{path}", environ={"PASSWORD": VALUE})


def test_a_shadow_without_a_grant_gets_none_and_the_refusal_names_the_grant():
    launch = Launch("Churn@shadow.4", "d", 4, "k", Trigger("shadow"), is_without_secrets=True)
    text = refusal("env.PASSWORD", environ={"PASSWORD": VALUE}, launch=launch)

    assert "Churn@shadow.4 is not given" in text
    assert "--with-secrets" in text
    assert secrets_of(make_order("train", launch=launch), {}) == {}


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("aws-secrets-manager.prod/db", "boto3"),
        ("gcp-secret-manager.projects/p/secrets/s", "google-cloud-secret-manager"),
        ("az-key-vault.vault/name", "azure-identity"),
    ],
)
def test_a_manager_whose_package_is_missing_is_refused_with_what_to_install(source, package, monkeypatch):
    for name in ("boto3", "google.cloud", "azure.identity", "azure"):
        monkeypatch.setitem(__import__("sys").modules, name, None)

    assert f"pip install {package}" in refusal(source)


@pytest.mark.parametrize(
    "source", ["gcp-secret-manager.mysecret", "az-key-vault.name", "az-key-vault.http://v/secrets/n"]
)
def test_a_name_that_a_manager_cannot_have_is_refused(source):
    assert "it is no name of a secret there" in refusal(source)


def test_short_values_are_named_because_they_are_not_masked():
    assert unmasked_names({"PIN": "123", "PASSWORD": VALUE, "EMPTY": ""}) == ["PIN", "EMPTY"]


class Vault(FlowSpec):
    @environment(vars={"PLAIN": "seen"})
    @secrets(sources=[{"type": "inline", "options": {"PASSWORD": VALUE}}])
    @step
    def start(self):
        self.seen = sorted(name for name in ("PASSWORD", "PLAIN") if name in os.environ)
        self.text = f"the password is {os.environ['PASSWORD']}"
        self.cut = "x" * 1015 + os.environ["PASSWORD"] + "y" * 100
        self.nested = {"key": ["z" * 112 + os.environ["PASSWORD"]], os.environ["PASSWORD"]: 1}
        self.content = b"x" * 1015 + os.environ["PASSWORD"].encode()
        current.metrics.summary(url=f"db://ann:{os.environ['PASSWORD']}@host", f1=0.5)
        self.next(self.fail)

    @secrets(sources=[{"type": "inline", "options": {"PASSWORD": VALUE}}])
    @step
    def fail(self):
        connection = "x" * 190 + os.environ["PASSWORD"]
        content = connection.encode()
        growing = bytearray(content)
        odd = Odd(os.environ["PASSWORD"])
        rows = {"a": connection, "b": content, "c": growing, "d": odd}
        note = os.environ["PASSWORD"]
        if rows:
            raise ValueError(f"cannot sign in with {note!r}", len(rows))
        self.next(self.missing)

    @catch(var="failure")
    @retry(times=2)
    @secrets(sources=["env.HW_TEST_NO_SUCH_SECRET"])
    @step
    def missing(self):
        self.was_here = True
        self.next(self.end)

    @step
    def end(self):
        pass


class Odd:
    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"<{'o' * 90}{self.value}{'o' * 120}>"


@pytest.fixture
def runner(tmp_path) -> Runner:
    return Runner(Vault, str(Path(__file__).parent))


def test_the_step_sees_its_secrets_and_nobody_else_does(runner):
    outcome = runner.run("start")

    assert runner.value(outcome, "seen") == ["PASSWORD", "PLAIN"]
    assert runner.value(outcome, "text") == f"the password is {VALUE}"
    assert "PASSWORD" not in os.environ


def test_nothing_that_is_shown_of_a_task_holds_a_secret_or_its_beginning(runner):
    outcome = runner.run("start")
    shown = str([outcome.headers, outcome.summary])

    assert "hunt" not in shown
    assert outcome.summary == {"url": "db://ann:***@host", "f1": 0.5}
    assert "the password is ***" in shown


def test_no_part_of_a_failure_holds_a_secret_or_its_beginning(runner, capsys):
    outcome = runner.run("fail")
    assert outcome.error is not None
    [frame] = [frame for frame in outcome.error.frames if frame.function == "Vault.fail"]

    assert "hunt" not in str(outcome)
    assert outcome.error.message == "(\"cannot sign in with '***'\", 4)"
    assert outcome.error.traceback.endswith("ValueError: (\"cannot sign in with '***'\", 4)\n")
    assert set(frame.locals) >= {"connection", "content", "growing", "odd", "rows", "note"}
    assert frame.locals["note"] == "'***'"


def test_a_missing_secret_stops_the_task_before_the_users_code_and_is_not_tried_again(runner, capsys):
    outcome = runner.run("missing", runner.run("start"))

    assert (outcome.cause, outcome.is_retryable, outcome.is_caught) == ("secret_missing", False, False)
    assert outcome.error is not None
    assert "`HW_TEST_NO_SUCH_SECRET` is not set" in outcome.error.message
    assert "was_here" not in outcome.artifacts
    assert "HW_TEST_NO_SUCH_SECRET" in capsys.readouterr().err


def test_inline_values_are_in_no_graph_and_no_order(runner):
    order = runner.order("start")

    assert VALUE not in str(runner.workspace.graph) + str(order)
    assert order.options.secrets[0].options == {"PASSWORD": "***"}


def test_inline_values_that_the_code_no_longer_has_are_missing(runner):
    sources = [without_values(each) for each in read_sources([{"type": "inline", "options": {"OTHER": VALUE}}])]
    outcome = runner.run("start", options=StepOptions(secrets=tuple(sources)))

    assert outcome.cause == "secret_missing"


def test_the_supervisor_hears_of_the_values_before_the_step_runs(runner, monkeypatch):
    heard = []
    runner.workspace.tell_secrets = lambda values: heard.append((list(values), "PASSWORD" in os.environ))
    runner.run("start")

    assert heard == [([VALUE], False)]


def test_a_secret_wins_over_the_steps_own_variable_only_when_allowed(runner, monkeypatch):
    monkeypatch.setenv("HW_TEST_SECRET", VALUE)
    given = [{"type": "env", "id": "HW_TEST_SECRET", "options": {"HW_TEST_SECRET": "PASSWORD"}}]
    plain = {"PASSWORD": "plain"}
    refused = runner.run("start", options=StepOptions(environment=plain, secrets=read_sources(given)))
    sources = read_sources(given, allow_override=True)
    outcome = runner.run("start", options=StepOptions(environment=plain, secrets=sources))

    assert refused.cause == "secret_missing"
    assert runner.value(outcome, "text") == f"the password is {VALUE}"


def test_an_artifact_that_holds_a_secret_is_said(runner, capsys):
    runner.run("start")

    assert "artifact `text` holds the value of a secret" in capsys.readouterr().err


def test_a_value_too_short_to_be_masked_is_said(runner, capsys, monkeypatch):
    monkeypatch.setenv("PASSWORD", "abc")
    runner.run("start", options=StepOptions(secrets=read_sources(["env.PASSWORD"])))

    assert "the secret `PASSWORD` is too short to be masked" in capsys.readouterr().err


def test_a_file_that_is_private_stays_so(tmp_path):
    path = private(tmp_path / "db.env", f"PASSWORD={VALUE}")
    asked(f"file.{path}")

    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
