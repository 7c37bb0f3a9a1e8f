"""Folders that nobody else looks into, and stores that are somebody else's."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from headwater.home import make_home, open_home
from headwater.model.errors import SettingMistake
from headwater.model.private_files import make_private_folder, private

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
#: Has no account on any machine.
SOMEBODY = 54321


@pytest.fixture
def no_umask():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def everybodys():
    """A folder such as `/tmp`; pytest's own are for their owner alone."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o1777)
        yield Path(folder)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_folders_above_are_as_private_as_the_one_that_is_made(tmp_path, no_umask):
    make_private_folder(f"{tmp_path}/a/b/c/")

    assert [mode_of(tmp_path / name) for name in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_a_folder_that_is_there_stays_as_it_is(tmp_path):
    tmp_path.chmod(0o755)

    make_private_folder(str(tmp_path))

    assert mode_of(tmp_path) == 0o755


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path):
    (tmp_path / "a").write_text("")

    for below in ("a", "a/b"):
        with pytest.raises(OSError):
            make_private_folder(str(tmp_path / below))


def test_a_file_is_its_owners_whatever_the_umask_is(tmp_path, no_umask):
    with open(tmp_path / "a", "w", opener=private) as file:
        file.write("x")

    assert mode_of(tmp_path / "a") == 0o600


def test_a_store_made_without_a_umask_is_its_owners(tmp_path, no_umask):
    home = open_home(str(tmp_path / "above" / "home"), make=True)
    home.keep_reserve()
    home.ledger.flows()
    home.close()

    loose = [path for path in tmp_path.rglob("*") if mode_of(path) & 0o077]
    assert loose == []


def test_an_empty_folder_becomes_a_store_of_its_owner_alone(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    folder.chmod(0o777)

    make_home(str(folder))

    assert mode_of(folder) == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o1777])
@pytest.mark.parametrize("is_store", [True, False])
def test_a_folder_into_which_others_could_have_put_something_is_refused(tmp_path, mode, is_store):
    folder = tmp_path / "home"
    if is_store:
        make_home(str(folder))
    else:
        folder.mkdir()
        (folder / "objects").mkdir()
    folder.chmod(mode)

    for make in (True, False):
        with pytest.raises(SettingMistake, match="others can write to the store") as refused:
            open_home(str(folder), make=make)
        assert f"chmod go-w '{folder}'" in refused.value.hint


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o711])
def test_a_folder_that_others_only_read_is_taken(tmp_path, mode):
    make_home(str(tmp_path / "home"))
    (tmp_path / "home").chmod(mode)

    open_home(str(tmp_path / "home")).close()


@needs_root
@pytest.mark.parametrize("is_store", [True, False])
@pytest.mark.parametrize("way", ["folder", "link"])
def test_root_is_refused_a_folder_of_somebody_else(tmp_path, is_store, way):
    folder = tmp_path / "home"
    make_home(str(folder)) if is_store else folder.mkdir()
    os.chown(folder, SOMEBODY, -1)
    (tmp_path / "link").symlink_to(folder)
    named = str(folder if way == "folder" else tmp_path / "link")

    for make in (True, False):
        with pytest.raises(SettingMistake, match=f"belongs to #{SOMEBODY}, and this is root") as refused:
            open_home(named, make=make)
        assert f"sudo -u #{SOMEBODY}" in refused.value.hint
    assert set(os.listdir(folder)) == ({"format.json"} if is_store else set())


@needs_root
def test_nobody_makes_a_store_in_what_another_prepared_for_them(everybodys):
    """Where everybody may write, one makes the folder that another is going to use, and would own the store."""
    trap = everybodys / "home"
    trap.mkdir()
    trap.chmod(0o777)
    (trap / "objects").symlink_to("/etc")
    os.chown(trap, SOMEBODY, -1)
    program = (
        "import os, sys; sys.path[:0] = eval(sys.argv[2]); from headwater.home import open_home\n"
        "from headwater.model.errors import SettingMistake\n"
        f"os.setgid({SOMEBODY + 1}); os.setuid({SOMEBODY + 1}); os.umask(0)\n"
        "try: open_home(sys.argv[1], make=True)\n"
        "except SettingMistake as error: print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(trap), repr(sys.path)],
        cwd=everybodys,
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"belongs to #{SOMEBODY}, and this is #{SOMEBODY + 1}" in told.stdout, told.stderr
    assert os.listdir(trap) == ["objects"]


@needs_root
def test_the_folder_that_stands_for_a_server_is_its_users_own_too(tmp_path):
    from headwater.home import use_server

    folder = tmp_path / "far"
    folder.mkdir()
    os.chown(folder, SOMEBODY, -1)

    with pytest.raises(SettingMistake, match="belongs to"):
        use_server("https://data.example.org", str(folder))
    assert os.listdir(folder) == []


def test_no_folder_is_made_in_any_other_way():
    """`os.makedirs` leaves those in between to the umask."""
    import headwater

    found = []
    for at, _, names in os.walk(os.path.dirname(headwater.__file__)):
        for name in names:
            path = os.path.join(at, name)
            if name.endswith(".py") and not path.endswith(("model/private_files.py", "cli/new.py")):
                with open(path, encoding="utf-8") as file:
                    found += [path for line in file if "os.makedirs(" in line]
    assert found == []
