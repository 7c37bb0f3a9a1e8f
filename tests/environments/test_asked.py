"""What decorators say is brought into one form, and refused when it cannot be."""

import platform
from pathlib import Path

import pytest

from headwater.environments.asked import normalized, requirement_lines
from headwater.environments.prepare import Environments
from headwater.environments.uv import UvFailed, reason_in
from headwater.model.errors import EnvironmentMistake
from headwater.model.packages import PackageSet
from tests.environments.conftest import environments_in


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("", "tiny"),
        ("*", "tiny"),
        ("1.2.3", "tiny==1.2.3"),
        ("1.2.*", "tiny==1.2.*"),
        (">=1,<2", "tiny>=1,<2"),
        ("~=1.4", "tiny~=1.4"),
        ("@ https://example.org/tiny-1.0-py3-none-any.whl", "tiny @ https://example.org/tiny-1.0-py3-none-any.whl"),
    ],
)
def test_a_version_becomes_a_line_of_requirements(version: str, line: str) -> None:
    assert requirement_lines(normalized(PackageSet(packages={"tiny": version}))) == [line]


def test_sets_that_mean_the_same_become_equal() -> None:
    first = PackageSet(packages={"Scikit_Learn": " 1.5 ", "b[Y, z]": ""}, python="3.12")
    second = PackageSet(packages={"b[y,z]": "", "scikit-learn": "1.5"}, python="3.12")

    assert normalized(first) == normalized(second)
    assert list(normalized(first).packages) == ["b[y,z]", "scikit-learn"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (PackageSet(packages={"two words": ""}), "'two words' is no name of a package"),
        (PackageSet(packages={"--index-url": ""}), "is no name of a package"),
        (PackageSet(packages={"tiny": "1\n--index-url x"}), "cannot have the version"),
        (PackageSet(packages={"a-b": "", "a_b": ""}), "`a-b` is asked for twice"),
        (PackageSet(python="three"), "'three' is no version of Python"),
        (PackageSet(python="3.10"), "Python 3.10 is too old for a step: tasks need Python 3.11 or newer"),
    ],
)
def test_what_cannot_be_is_refused(asked: PackageSet, message: str) -> None:
    with pytest.raises(EnvironmentMistake) as refused:
        normalized(asked)

    assert message in refused.value.message


@pytest.mark.parametrize(
    "asked",
    [
        PackageSet(index="https://ann:s3cret@index.example.org/simple"),
        PackageSet(packages={"tiny": "@ https://s3cret@example.org/tiny-1.0-py3-none-any.whl"}),
    ],
)
def test_an_address_with_a_password_is_refused_and_the_password_not_repeated(asked: PackageSet) -> None:
    with pytest.raises(EnvironmentMistake) as refused:
        normalized(asked)

    assert "s3cret" not in str(refused.value)
    assert "***@" in refused.value.message
    assert "UV_INDEX_<NAME>_PASSWORD" in refused.value.hint


def test_passwords_of_the_environment_are_masked_in_uvs_reason(tmp_path: Path, environ: dict[str, str]) -> None:
    address = "http://ann:s3cret@127.0.0.1:9/simple"
    make = environments_in(tmp_path / "home", {**environ, "UV_DEFAULT_INDEX": address})
    with pytest.raises(UvFailed) as refused:
        make.lock(PackageSet(packages={"tiny": ""}), str(tmp_path))

    assert "127.0.0.1:9" in refused.value.message
    assert "s3cret" not in str(refused.value)
    assert "s3cret" not in reason_in(f"error: cannot reach {address}")


def test_a_python_that_is_not_here_is_refused_with_those_that_are(make: Environments, project: Path) -> None:
    with pytest.raises(EnvironmentMistake) as refused:
        make.lock(PackageSet(python="3.99"), str(project))

    assert refused.value.message.startswith("Python 3.99 is not on this machine; found: ")
    assert f"{platform.python_version()} (" in refused.value.message
    assert "`uv python install 3.99`" in refused.value.hint


def test_an_index_that_a_step_names_is_the_only_one_asked(
    make: Environments, project: Path, shared_index: object
) -> None:
    with pytest.raises(UvFailed, match=r"127\.0\.0\.1:9"):
        make.lock(PackageSet(packages={"tiny": ""}, index="http://127.0.0.1:9/simple"), str(project))
