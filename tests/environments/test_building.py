"""Sets of packages are resolved, built, kept and built again."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from headwater.environments.build import BUILDING
from headwater.environments.files import locked
from headwater.environments.inventory import list_environments, remove_environment
from headwater.environments.locks import decode_lock, encode_lock, parse_requirements
from headwater.environments.prepare import Environments
from headwater.model.errors import EnvironmentMistake, FormatUnknown
from headwater.model.packages import EnvironmentLock, LockedPackage, PackageSet
from tests.environments.conftest import environ_for, environments_in
from tests.environments.wheelhouse import Index, make_wheel

TINY = PackageSet(packages={"tiny": "1.0"})


def run_inside(make: Environments, digest: str, code: str) -> str:
    """Run a line of Python as a worker would be started in an environment."""
    command = make.command(digest, "")
    words = [command.python, "-P", "-c", code]
    return subprocess.run(words, env=command.environ, capture_output=True, text=True, check=True).stdout.strip()


def folders(make: Environments) -> list[str]:
    return sorted(name for name in os.listdir(make.folder) if len(name.partition(".")[0]) == 64)


def test_an_environment_holds_what_was_asked_for_what_that_needs_and_a_worker_and_nothing_else(
    make: Environments, project: Path
) -> None:
    digest = make.lock(PackageSet(packages={"outer": ""}), str(project))
    make.build(digest, str(project))
    lines = "import importlib.metadata as m; print(*sorted(d.name.lower() for d in m.distributions()))"

    expected = "apsw blake3 msgspec outer threadpoolctl tiny typing_extensions zstandard"
    assert run_inside(make, digest, lines) == expected
    assert list(make.read(digest).packages) == expected.replace("_", "-").split()
    assert make.read(digest).packages["tiny"].version == "1.1"


def test_a_lock_holds_exact_versions_with_hashes_and_what_they_were_resolved_for(
    make: Environments, project: Path, wheels: Path
) -> None:
    lock = make.read(make.lock(TINY, str(project)))

    assert lock.asked == TINY
    assert lock.python == ".".join(map(str, sys.version_info[:3]))
    assert lock.platform.endswith("-linux-gnu")
    assert all(one.hashes and one.hashes[0].startswith("sha256:") for one in lock.packages.values())


def test_a_worker_in_an_environment_imports_the_running_headwater_and_not_its_neighbours(
    make: Environments, project: Path
) -> None:
    digest = make.lock(TINY, str(project))

    import headwater

    found = run_inside(make, digest, "import headwater, os; print(os.path.realpath(headwater.__file__))")
    assert found == os.path.realpath(headwater.__file__)
    with pytest.raises(subprocess.CalledProcessError):
        run_inside(make, digest, "import click")


def test_what_a_worker_imports_is_all_there(make: Environments, project: Path) -> None:
    digest = make.lock(TINY, str(project))
    lazily = "import zstandard, threadpoolctl, apsw"
    modules = "headwater.worker, headwater.home, headwater.client.objects, headwater.task.attempt"

    assert run_inside(make, digest, f"import {modules}; {lazily}; print('all')") == "all"


def test_paths_of_the_outer_interpreter_do_not_reach_into_an_environment(
    make: Environments, project: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "leaked.py").write_text("")
    leaking = environments_in(tmp_path / "home", {**environ, "PYTHONPATH": str(tmp_path / "outside")})
    digest = leaking.lock(TINY, str(project))

    with pytest.raises(subprocess.CalledProcessError):
        run_inside(leaking, digest, "import leaked")


def test_the_projects_own_folders_stay_on_the_module_path(
    make: Environments, project: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    for folder, name in (("src", "ours"), ("lib", "theirs")):
        (project / folder).mkdir()
        (project / folder / f"{name}.py").write_text("")
    inside = environments_in(tmp_path / "home", {**environ, "PYTHONPATH": str(project / "lib")})
    digest = inside.lock(TINY, str(project))
    command = inside.command(digest, str(project))

    assert subprocess.run([command.python, "-P", "-c", "import ours, theirs"], env=command.environ).returncode == 0


def test_programs_of_an_environment_come_first_on_its_path(own_index: Index, project: Path, tmp_path: Path) -> None:
    entry = {"hello.py": "def main(): print('hello from inside')\n"}
    entry["hello-1.0.dist-info/entry_points.txt"] = "[console_scripts]\nhello = hello:main\n"
    make_wheel(own_index.folder, "hello", "1.0", entry)
    make = environments_in(tmp_path / "home", environ_for(own_index))
    digest = make.lock(PackageSet(packages={"hello": ""}), str(project))

    assert run_inside(make, digest, "import subprocess; subprocess.run(['hello'])") == "hello from inside"


def test_the_same_set_is_resolved_once_also_when_newer_versions_came(
    own_index: Index, project: Path, tmp_path: Path
) -> None:
    first = environments_in(tmp_path / "home", environ_for(own_index))
    anything = PackageSet(packages={"tiny": ">=1"})
    before = first.lock(anything, str(project))
    make_wheel(own_index.folder, "tiny", "3.0")
    own_index.requests.clear()
    later = environments_in(tmp_path / "home", environ_for(own_index))

    assert later.lock(PackageSet(packages={"Tiny": " >=1 "}), str(project)) == before
    assert own_index.requests == []


def test_resolving_anew_gets_newer_versions_and_is_remembered(own_index: Index, project: Path, tmp_path: Path) -> None:
    make = environments_in(tmp_path / "home", environ_for(own_index))
    anything = PackageSet(packages={"tiny": ">=1"})
    before = make.lock(anything, str(project))
    make_wheel(own_index.folder, "tiny", "3.0")
    after = make.lock(anything, str(project), is_anew=True)

    assert [make.read(one).packages["tiny"].version for one in (before, after)] == ["2.0", "3.0"]
    assert make.lock(anything, str(project)) == after


def test_an_environment_is_built_again_with_the_index_gone(wheels: Path, project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "wheels"
    shutil.copytree(wheels, folder)
    index = Index(folder)
    make = environments_in(tmp_path / "cold home", environ_for(index))
    digest = make.lock(PackageSet(packages={"outer": ""}), str(project))
    make.build(digest, str(project))
    index.close()
    shutil.rmtree(folder)
    shutil.rmtree(os.path.join(make.folder, digest))

    make.build(digest, str(project))
    assert run_inside(make, digest, "import tiny; print(tiny.version)") == "1.1"


def test_what_does_not_resolve_is_refused_with_the_reason_and_nothing_stays(make: Environments, project: Path) -> None:
    with pytest.raises(EnvironmentMistake) as refused:
        make.lock(PackageSet(packages={"quarrel": "1.0", "tiny": ">=1"}), str(project))

    assert "quarrel" in refused.value.message
    assert "tiny<1" in refused.value.message
    assert not os.path.exists(make.folder)


def test_a_package_that_is_not_there_is_named(make: Environments, project: Path) -> None:
    with pytest.raises(EnvironmentMistake, match="nosuch was not found in the package registry"):
        make.lock(PackageSet(packages={"nosuch": ""}), str(project))


def test_a_package_whose_hash_does_not_match_its_lock_is_refused_and_nothing_half_built_stays(
    make_cold: Environments, project: Path
) -> None:
    lock = make_cold.read(make_cold.lock(TINY, str(project)))
    forged = msgspec.structs.replace(
        lock, packages={**lock.packages, "tiny": LockedPackage("1.0", ("sha256:" + "0" * 64,))}
    )
    digest = make_cold._objects.put_raw([encode_lock(forged)])
    with pytest.raises(EnvironmentMistake, match=r"(?is)hash mismatch.*tiny==1\.0"):
        make_cold.build(digest, str(project))

    assert [name for name in folders(make_cold) if not name.endswith(".lock")] == []


def test_a_package_that_was_built_with_another_hash_before_is_refused_too(make: Environments, project: Path) -> None:
    digest = make.lock(TINY, str(project))
    make.build(digest, str(project))
    lock = make.read(digest)
    forged = msgspec.structs.replace(
        lock, packages={**lock.packages, "tiny": LockedPackage("1.0", ("sha256:" + "0" * 64,))}
    )

    with pytest.raises(EnvironmentMistake, match=r"(?i)hash mismatch"):
        make.build(make._objects.put_raw([encode_lock(forged)]), str(project))


@pytest.mark.parametrize(
    "point", ["environments.before_install", "environments.after_install", "environments.before_rename"]
)
def test_a_build_that_was_killed_counts_for_nothing_and_is_cleared(
    point: str, make: Environments, project: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    digest = make.lock(TINY, str(project))
    killed = subprocess.run(_building(tmp_path, digest), env={**environ, "HEADWATER_FAILPOINT": point})
    left = [name for name in folders(make) if name.endswith(BUILDING)]
    assert killed.returncode == -9
    assert make.ready(digest) is None
    assert len(left) == 1

    make.build(digest, str(project))
    assert [name for name in folders(make) if name.endswith(BUILDING)] == []
    assert run_inside(make, digest, "import tiny; print(tiny.version)") == "1.0"


def test_processes_that_want_the_same_environment_build_it_once(
    make: Environments, project: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    digest = make.lock(TINY, str(project))
    log = tmp_path / "passed"
    passing = {**environ, "HEADWATER_FAILPOINT_LOG": str(log)}
    building = [subprocess.Popen(_building(tmp_path, digest), env=passing) for _ in range(3)]

    assert [one.wait() for one in building] == [0, 0, 0]
    assert log.read_text().split().count("environments.before_rename") == 1


def _building(tmp_path: Path, digest: str) -> list[str]:
    code = (
        "import os, sys\n"
        "from headwater.environments.prepare import Environments\n"
        "from headwater.store.objects import ObjectStore\n"
        "from headwater.store.place_disk import DiskPlace\n"
        "home, digest = sys.argv[1:]\n"
        "Environments(home, ObjectStore(DiskPlace(home + '/objects')), os.environ).build(digest, home)\n"
    )
    return [sys.executable, "-c", code, str(tmp_path / "home"), digest]


@pytest.mark.parametrize("damage", ["bin/python", "module"])
def test_a_file_that_is_gone_is_noticed_and_the_environment_built_again(
    damage: str, make: Environments, project: Path
) -> None:
    digest = make.lock(TINY, str(project))
    built = make.build(digest, str(project))
    module = next(path for path, _, _ in built.stamp.files if path.endswith("/tiny.py"))
    os.unlink(os.path.join(built.folder, module if damage == "module" else damage))

    assert make.ready(digest) is None
    assert run_inside(make, digest, "import tiny; print(tiny.version)") == "1.0"
    assert make.ready(digest) is not None


def test_compiled_modules_that_python_keeps_are_no_damage(make: Environments, project: Path) -> None:
    digest = make.lock(TINY, str(project))
    run_inside(make, digest, "import tiny, zstandard, headwater.worker")

    assert make.ready(digest) is not None


def test_modules_that_were_compiled_while_it_was_built_may_be_compiled_again(
    project: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    make = environments_in(tmp_path / "home", {**environ, "UV_COMPILE_BYTECODE": "1"})
    digest = make.lock(TINY, str(project))
    built = make.build(digest, str(project))
    caches = list(Path(built.folder).rglob("__pycache__"))
    for cache in caches:
        shutil.rmtree(cache)

    assert caches
    assert make.ready(digest) is not None


def test_an_environment_that_came_into_use_while_it_was_removed_stays(make: Environments, project: Path) -> None:
    digest = make.lock(TINY, str(project))
    make.build(digest, str(project))
    (found,) = list_environments(make.folder)

    assert not remove_environment(make.folder, found, lambda _: True)
    assert make.ready(digest) is not None
    assert remove_environment(make.folder, found, lambda _: False)
    assert make.ready(digest) is None


def test_an_environment_that_somebody_builds_is_not_removed(make: Environments, project: Path) -> None:
    digest = make.lock(TINY, str(project))
    make.build(digest, str(project))
    (found,) = list_environments(make.folder)
    with locked(os.path.join(make.folder, f"{digest}.lock")):
        assert not remove_environment(make.folder, found, lambda _: False)

    assert make.ready(digest) is not None


def test_what_a_killed_build_left_is_listed_and_removed(make: Environments, project: Path) -> None:
    digest = make.lock(TINY, str(project))
    os.makedirs(os.path.join(make.folder, f"{digest}.1{BUILDING}", "bin"))
    (found,) = list_environments(make.folder)

    assert found.state == "left over"
    assert remove_environment(make.folder, found, lambda _: True)
    assert list(list_environments(make.folder)) == []


GOLDEN = (
    b'{"kind":"environment_lock","v":1,"asked":{"packages":{"tiny":"1.0"}},"python":"3.11.2","platform":"x86_64-unknown-linux-gnu",'
    b'"packages":{"square":{"version":"2.0","hashes":["md5:00"],"url":"https://channel.example/square-2.0-py_0.conda"},'
    b'"tiny":{"version":"1.0","hashes":["sha256:00"]}}}'
)


def test_a_lock_is_written_as_ever_and_one_of_a_newer_headwater_is_refused() -> None:
    lock = decode_lock(GOLDEN)

    assert encode_lock(lock) == GOLDEN
    assert (lock.asked, lock.packages["tiny"].version, lock.packages["square"].url[-6:]) == (TINY, "1.0", ".conda")
    with pytest.raises(FormatUnknown, match="a lock of version 2 is newer"):
        decode_lock(GOLDEN.replace(b'"v":1', b'"v":2'))


def test_a_package_without_a_hash_is_refused() -> None:
    with pytest.raises(EnvironmentMistake, match="no hash can be kept for `tiny`"):
        parse_requirements("tiny @ git+https://example.org/tiny@4f2a\nouter==1.0 \\\n    --hash=sha256:00\n")


def test_a_direct_reference_keeps_its_address_and_hash(wheels: Path, make: Environments, project: Path) -> None:
    wheel = next(wheels.glob("tiny-2.0-*"))
    digest = make.lock(PackageSet(packages={"tiny": f"@ file://{wheel}"}), str(project))
    locked_tiny = make.read(digest).packages["tiny"]

    assert locked_tiny.url == f"file://{wheel}"
    assert locked_tiny.hashes == ("sha256:" + hashlib.sha256(wheel.read_bytes()).hexdigest(),)
    assert run_inside(make, digest, "import tiny; print(tiny.version)") == "2.0"


def test_a_step_that_wrote_into_an_unpacked_wheel_spoils_no_environment(make_cold: Environments, project: Path) -> None:
    first = make_cold.lock(TINY, str(project))
    built = make_cold.build(first, str(project))
    module = next(path for path, _, _ in built.stamp.files if path.endswith("/tiny.py"))
    with open(os.path.join(built.folder, module), "r+") as file:
        file.write("version = 'forged'\n")
    second = make_cold.lock(PackageSet(packages={"tiny": "==1.0"}), str(project))

    assert first != second
    assert run_inside(make_cold, second, "import tiny; print(tiny.version)") == "1.0"
    assert run_inside(make_cold, first, "import tiny; print(tiny.version)") == "1.0"


def test_a_spoiled_wheel_that_cannot_be_fetched_anew_is_named(own_index: Index, project: Path, tmp_path: Path) -> None:
    make = environments_in(tmp_path / "home", environ_for(own_index))
    digest = make.lock(TINY, str(project))
    built = make.build(digest, str(project))
    own_index.close()
    module = next(path for path, _, _ in built.stamp.files if path.endswith("/tiny.py"))
    with open(os.path.join(built.folder, module), "r+") as file:
        file.write("version = 'forged'\n")

    with pytest.raises(EnvironmentMistake, match=r"tiny\.py of package `tiny` was changed"):
        make.build(digest, str(project))


def test_equal_locks_have_equal_bytes_in_whatever_order_they_were_made() -> None:
    packages = {"b": LockedPackage("1", ("sha256:2",)), "a": LockedPackage("2", ("sha256:1",))}
    first = EnvironmentLock(TINY, "3.11.2", "x86_64-unknown-linux-gnu", packages)
    second = msgspec.structs.replace(first, packages=dict(reversed(packages.items())))

    assert encode_lock(first) == encode_lock(second)


def test_a_real_package_of_the_public_index_is_locked_built_and_imported(project: Path, tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    make = environments_in(tmp_path / "home", environ)
    try:
        digest = make.lock(PackageSet(packages={"six": "1.16.0"}), str(project))
    except EnvironmentMistake as mistake:
        if re.search("fetch|connect|dns|network|timed out", mistake.message, re.IGNORECASE):
            pytest.skip(f"the public index is out of reach: {mistake.message}")
        raise

    assert run_inside(make, digest, "import six; print(six.__version__)") == "1.16.0"
