import pytest

from headwater.flow.arguments import attach
from headwater.flow.secret_sources import known_variables, read_sources, without_values
from headwater.model.errors import InvalidDecorator
from headwater.model.options import StepOptions
from headwater.model.secret import SecretSource


def refusal(sources: object, **others: object) -> str:
    with pytest.raises(InvalidDecorator) as raised:
        read_sources(sources, **others)
    return str(raised.value)


def test_a_text_is_a_type_and_an_id():
    read = read_sources(["env.DB_USER, DB_PASSWORD", "file.~/.secrets/db.env", "aws-secrets-manager.prod/db.main"])

    assert [(source.type, source.id) for source in read] == [
        ("env", "DB_USER, DB_PASSWORD"),
        ("file", "~/.secrets/db.env"),
        ("aws-secrets-manager", "prod/db.main"),
    ]


def test_a_mapping_gives_everything():
    given = {"type": "gcp-secret-manager", "id": "projects/p/secrets/s", "options": {"json": False}, "role": "reader"}

    [read] = read_sources([given], role="other", allow_override=True)

    assert read == SecretSource("gcp-secret-manager", "projects/p/secrets/s", {"json": "false"}, "reader", True)


def test_the_role_of_the_decorator_is_that_of_the_sources_that_can_take_one():
    read = read_sources(["env.A", "aws-secrets-manager.b"], role="reader")

    assert [source.role for source in read] == [None, "reader"]


def test_inline_values_may_stand_under_env_vars():
    nested, plain = read_sources(
        [
            {"type": "inline", "id": "one", "options": {"env_vars": {"A": "1"}}},
            {"type": "inline", "options": {"B": "2"}},
        ]
    )

    assert (nested.options, plain.options) == ({"A": "1"}, {"B": "2"})


def test_inline_values_are_not_shown():
    [source] = read_sources([{"type": "inline", "options": {"A": "precious"}}])

    assert "precious" not in str(without_values(source))


def test_a_command_line_takes_no_values():
    value = '{"type": "inline", "options": {"TOKEN": "precious"}}'

    with pytest.raises(InvalidDecorator, match="a command line is seen by others"):
        attach(StepOptions(), f"secrets:sources=[{value}]")
    assert attach(StepOptions(), 'secrets:sources=["env.TOKEN"]').secrets == (SecretSource("env", "TOKEN"),)


def test_renamed_variables_are_known_by_their_new_names():
    [source] = read_sources([{"type": "env", "id": "PROD_PASSWORD,USER", "options": {"PROD_PASSWORD": "PASSWORD"}}])

    assert known_variables(source) == ("PASSWORD", "USER")


def test_the_same_variable_may_come_from_elsewhere_when_overriding_is_allowed():
    [source] = read_sources(["env.A"], allow_override=True, taken=["A"])

    assert source.may_override


@pytest.mark.parametrize(
    ("sources", "others", "words"),
    [
        ("env.A", {}, "takes a list of sources"),
        ({"type": "env", "id": "A"}, {}, "takes a list of sources"),
        (None, {}, "takes a list of sources"),
        (["A"], {}, "no type of source"),
        (["envs.A"], {}, "did you mean `env`?"),
        ([7], {}, "neither a text nor a dict"),
        ([{"type": "env", "ids": "A"}], {}, "did you mean `id`?"),
        ([{"id": "A"}], {}, "has no `type`"),
        ([{"type": "env", "id": 3}], {}, "`id` that is no text"),
        (["env."], {}, "names nothing in env"),
        (["env.A,,B"], {}, "is no name"),
        (["env.1A"], {}, "is no name"),
        (["env.HEADWATER_HOME"], {}, "are settings, not secrets"),
        (["env.metaflow_x"], {}, "are settings, not secrets"),
        ([{"type": "env", "id": "A", "options": {"A": "HEADWATER_A"}}], {}, "are settings, not secrets"),
        ([{"type": "env", "id": "A", "options": {"B": "C"}}], {}, "renames `B`, which it does not read"),
        ([{"type": "inline", "options": {"METAFLOW_A": "x"}}], {}, "are settings, not secrets"),
        ([{"type": "inline"}], {}, "has no values"),
        ([{"type": "inline", "options": {"A": ["x"]}}], {}, "not names with texts"),
        ([{"type": "inline", "options": ["A"]}], {}, "no dict"),
        ([{"type": "file", "id": "~/a", "options": {"A": "B-C"}}], {}, "is no name"),
        ([{"type": "az-key-vault", "id": "v/a", "options": {"json": "maybe"}}], {}, "True or False as `json`"),
        ([{"type": "file", "id": "~/a", "role": "reader"}], {}, "does not take"),
        (["file.secrets/db"], {}, "begin the path with / or ~/"),
        (["env.A", "env.A"], {}, "names env `A` twice"),
        (["env.A", {"type": "inline", "options": {"A": "x"}}], {}, "sets `A` twice: env and inline"),
        (["env.A,A"], {}, "sets `A` twice"),
        (["env.A"], {"taken": ["A"]}, "`allow_override=True` lets the secret win"),
        (["env.A"], {"role": 3}, "name of a role"),
        (["env.A"], {"allow_override": "yes"}, "True or False"),
    ],
)
def test_what_is_wrong_is_refused_with_the_reason(sources, others, words):
    assert words in refusal(sources, **others)


def test_every_wrong_source_is_named_at_once():
    text = refusal(["envs.A", "env.B", "file.relative", "env.HEADWATER_X"])

    assert all(f"source {number} of" in text for number in (1, 3, 4)) and "source 2" not in text


def test_a_value_written_in_place_of_a_source_is_not_repeated():
    assert "hunter2-precious" not in refusal(["hunter2-precious"])
