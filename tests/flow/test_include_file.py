"""Files as parameters."""

import os
from pathlib import Path

import pytest

from headwater.flow.include_file import IncludeFile
from headwater.flow.spec import FlowSpec
from headwater.flow.values import evaluate_parameters, parameters_of
from headwater.model.errors import ParameterMistake


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "words.txt").write_bytes("größe\n".encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def value(given: object = None, **options: object) -> object:
    class Including(FlowSpec):
        file = IncludeFile("file", **options)

    return evaluate_parameters(Including, {"file": given}, {})["file"]


def test_a_file_is_text_or_bytes() -> None:
    assert value("words.txt") == "größe\n"
    assert value("words.txt", is_text=False) == "größe\n".encode()


def test_an_encoding_is_honoured(folder: Path) -> None:
    (folder / "old.txt").write_bytes("größe".encode("latin-1"))

    assert value("old.txt", encoding="latin-1") == "größe"
    with pytest.raises(ParameterMistake, match=r"parameter `file`: old\.txt: .*utf-8.*"):
        value("old.txt")


def test_without_a_path_the_value_is_none() -> None:
    assert value() is None


def test_a_default_is_a_path_or_a_function_that_gives_one() -> None:
    assert value(default="words.txt") == "größe\n"
    assert value(default=Path("words.txt")) == "größe\n"
    assert value(default=lambda context: "words.txt") == "größe\n"


def test_a_default_is_also_looked_up_beside_the_flows_file() -> None:
    assert value(default=os.path.basename(__file__)) == Path(__file__).read_text()


def test_home_folders_are_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))

    assert value("~/words.txt") == "größe\n"


def test_a_missing_file_is_told_with_a_near_one() -> None:
    with pytest.raises(ParameterMistake, match=r"parameter `file`: word\.txt: No such file or directory") as caught:
        value("word.txt")

    assert caught.value.hint == "did you mean `words.txt`?"


def test_a_required_file_must_be_given() -> None:
    with pytest.raises(ParameterMistake, match="parameter `file` is required"):
        value(required=True)


def test_a_parser_makes_the_value() -> None:
    assert value("words.txt", parser=str.upper) == "GRÖSSE\n"
    assert value("words.txt", parser="textwrap.dedent") == "größe\n"
    with pytest.raises(ParameterMistake, match="its parser raised ValueError"):
        value("words.txt", parser=int)


def test_others_see_that_it_is_a_file() -> None:
    class Including(FlowSpec):
        file = IncludeFile("file", default="words.txt")

    [parameter] = parameters_of(Including)
    assert parameter.spec().type == "file"
    assert parameter.place.file == __file__
