import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest

from headwater.deployments.packages import package_folder
from headwater.deployments.person_runs import start_run_of
from headwater.deployments.unused_packages import remove_unused_packages
from headwater.home import Home
from headwater.model.errors import PackageDamaged
from headwater.model.records import Held, Record
from headwater.store.keys import object_key


@pytest.fixture
def deployed(desk):
    (desk.folder / "rules").mkdir()
    (desk.folder / "rules" / "limits.py").write_text("LIMIT = 3\n")
    (desk.folder / "tweets.tsv").write_text("a\tb\n")
    tool = desk.folder / "tool.sh"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    return desk.deploy().deployment


def files_of(folder):
    root = Path(folder)
    # Importing the flow for a deploy leaves bytecode in the checkout.
    found = [path for path in root.rglob("*") if path.is_file() and path.parent.name != "__pycache__"]
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def test_a_package_holds_the_files_as_they_were_deployed(desk, deployed):
    before = files_of(desk.folder)
    desk.write(parameters="x = 1")
    (desk.folder / "rules" / "limits.py").unlink()

    assert files_of(package_folder(desk.home, deployed)) == before


def test_its_files_are_read_only_and_programs_stay_programs(desk, deployed):
    folder = package_folder(desk.home, deployed)

    assert stat.S_IMODE(os.stat(f"{folder}/rules/limits.py").st_mode) == 0o400
    assert stat.S_IMODE(os.stat(f"{folder}/tool.sh").st_mode) == 0o500


def change(path, content=b"LIMIT = 4\n"):
    os.chmod(path, 0o600)
    with open(path, "wb") as file:
        file.write(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: change(f"{folder}/rules/limits.py"),
        lambda folder: os.unlink(f"{folder}/rules/limits.py"),
        lambda folder: Path(f"{folder}/csv.py").touch(),
    ],
    ids=["changed", "missing", "added"],
)
def test_a_copy_that_is_not_as_deployed_is_laid_out_again(desk, deployed, damage):
    folder = package_folder(desk.home, deployed)
    before = files_of(folder)
    damage(folder)

    assert files_of(package_folder(desk.home, deployed)) == before


def test_what_runs_write_beside_their_code_stays(desk, deployed):
    folder = package_folder(desk.home, deployed)
    with open(f"{folder}/result.txt", "w") as file:
        file.write("42")

    assert os.path.exists(f"{package_folder(desk.home, deployed)}/result.txt")


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_package_whose_objects_are_damaged_is_refused_and_the_file_named(desk, deployed, damage):
    digest = desk.deploy().listing.files["rules/limits.py"].digest
    path = desk.home.place.path(object_key(digest))
    if damage == "changed":
        change(path)
    else:
        os.unlink(path)

    with pytest.raises(PackageDamaged, match=r"Churn, deployment 1 is damaged: rules/limits\.py"):
        package_folder(desk.home, deployed)
    assert not os.path.exists(f"{desk.home.path}/packages/{deployed.code.tree}")


def test_a_package_whose_list_of_files_is_lost_is_refused(desk, deployed):
    os.unlink(desk.home.place.path(object_key(deployed.code.tree)))

    with pytest.raises(PackageDamaged, match="list of files"):
        package_folder(desk.home, deployed)


def test_a_whole_copy_serves_although_an_object_is_damaged(desk, deployed):
    folder = package_folder(desk.home, deployed)
    digest = desk.deploy().listing.files["rules/limits.py"].digest
    change(desk.home.place.path(object_key(digest)))

    assert package_folder(desk.home, deployed) == folder


def test_deploying_the_same_files_again_heals_a_damaged_package(desk, deployed):
    digest = desk.deploy().listing.files["rules/limits.py"].digest
    os.unlink(desk.home.place.path(object_key(digest)))
    desk.deploy()

    assert "rules/limits.py" in files_of(package_folder(desk.home, deployed))


def test_many_at_once_find_the_same_whole_package(desk, deployed):
    folder = package_folder(desk.home, deployed)
    before = files_of(folder)
    change(f"{folder}/rules/limits.py")
    found, errors = [], []

    def look():
        home = Home(desk.home_folder, "ann")
        try:
            found.append(files_of(package_folder(home, deployed)) == before)
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)
        finally:
            home.close()

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (found, errors) == ([True] * 8, [])


def test_only_one_at_a_time_lays_a_package_out(desk, deployed, monkeypatch):
    from headwater.deployments import packages

    lay_out, both_inside = packages._lay_out, threading.Barrier(2)
    met = []

    def lay_out_together(*given):
        try:
            both_inside.wait(0.5)
            met.append(True)
        except threading.BrokenBarrierError:
            lay_out(*given)

    def look():
        home = Home(desk.home_folder, "ann")
        package_folder(home, deployed)
        home.close()

    monkeypatch.setattr(packages, "_lay_out", lay_out_together)
    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert met == []
    assert files_of(package_folder(desk.home, deployed)) == files_of(desk.folder)


LAYS_OUT = """
import sys
from headwater.deployments.packages import package_folder
from headwater.deployments.person_runs import start_run_of
from headwater.deployments.unused_packages import remove_unused_packages
from headwater.deployments.stored import find_deployment
from headwater.home import Home
home = Home(sys.argv[1], "ann")
package_folder(home, find_deployment(home.ledger, "Churn", 1))
"""


def test_a_kill_in_the_midst_of_laying_out_leaves_nothing_that_counts(desk, deployed):
    environ = {**os.environ, "HEADWATER_FAILPOINT": "deployments.after_layout:1"}
    killed = subprocess.run([sys.executable, "-c", LAYS_OUT, desk.home_folder], env=environ)

    assert killed.returncode == -9
    folder = package_folder(desk.home, deployed)
    assert files_of(folder) == files_of(desk.folder)


def age(folder, seconds=100_000):
    then = os.stat(folder).st_mtime - seconds
    os.utime(folder, (then, then))


def test_copies_that_nothing_needs_are_removed_and_come_back_when_they_are_wanted(desk, deployed):
    folder = package_folder(desk.home, deployed)
    desk.write(parameters="x = 1").deploy()
    age(folder)

    assert remove_unused_packages(desk.home, time.time() - 86400) > 0
    assert not os.path.exists(folder)
    assert "rules/limits.py" in files_of(package_folder(desk.home, deployed))


def test_copies_of_what_aliases_name_and_what_runs_need_stay(desk, deployed):
    folder = package_folder(desk.home, deployed)
    age(folder)
    assert remove_unused_packages(desk.home, time.time() - 86400) == 0

    firing = start_run_of(desk.home, "Churn@user.ann", {}, user="ann", at=desk.tick())
    desk.write(parameters="x = 1").deploy()
    assert remove_unused_packages(desk.home, time.time() - 86400) == 0
    desk.finish(firing.run)
    assert remove_unused_packages(desk.home, time.time() - 86400) > 0


def test_a_copy_that_another_record_holds_stays(desk, deployed):
    folder = package_folder(desk.home, deployed)
    desk.write(parameters="x = 1").deploy()
    age(folder)
    held = (Held("Churn, version 1: code", tree=deployed.code.tree),)
    desk.home.ledger.write_records([Record("version", "Churn/1", 1, desk.tick(), msgspec.Raw(b"{}"), held)])

    assert remove_unused_packages(desk.home, time.time() - 86400) == 0
    assert os.path.isdir(folder)


def test_a_copy_that_was_asked_for_lately_stays(desk, deployed):
    folder = package_folder(desk.home, deployed)
    desk.write(parameters="x = 1").deploy()
    age(folder)
    package_folder(desk.home, deployed)

    assert remove_unused_packages(desk.home, time.time() - 86400) == 0
    assert os.path.isdir(folder)
