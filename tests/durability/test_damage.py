"""Damage of every kind of stored thing: what reads it names it and refuses, fsck finds it, writing it again heals."""

import json
import os
import random
import shutil
from contextlib import closing

import pytest

from headwater.home import open_home
from headwater.model.errors import ArtifactDamaged, ArtifactMissing
from headwater.model.rows import RunQuery
from headwater.store.trees import read_tree
from tests.durability.crash import DEEDS, Scene

SEED = 20261122
RESULT = [79_999_800_000.0, 800 * 64, 1, 20 * 512, 200 * 64]


def flip(path, rng):
    with open(path, "r+b") as file:
        place = rng.randrange(os.path.getsize(path))
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ (1 << rng.randrange(8))]))


def truncate(path, rng):
    os.truncate(path, rng.randrange(os.path.getsize(path)))


def remove(path, rng):
    os.unlink(path)


def replace(path, rng):
    """Another content of the same length, at the same inode times: only its hash tells."""
    found = os.stat(path)
    with open(path, "r+b") as file:
        file.write(rng.randbytes(found.st_size))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


DAMAGES = [flip, truncate, remove, replace]
#: What is stored as a file of its own -> what fsck must call it.
TARGETS = {
    "text": "StoredFlow/1/start/1/text",
    "buffer": "StoredFlow/1/start/1/array",
    "items": "StoredFlow/1/start/1",
    "parameter": "StoredFlow/1/_parameters/word",
    "tree": "StoredFlow/1/_code",
    "code": "StoredFlow/1/_code:deed_flows.py",
}
#: Those that the rest of the flow reads; a tree of code is only read by `debug`, `items` by children that are done.
READ = ("text", "buffer", "parameter")


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A store with one failed run in it, to be copied."""
    folder = tmp_path_factory.mktemp("stored")
    scene = Scene(folder, "StoredFlow", DEEDS)
    assert scene.start(READ="no") == 1, scene.output
    assert scene.findings("--data") == []
    return scene


@pytest.fixture
def scene(stored, tmp_path):
    copy = Scene(tmp_path, "StoredFlow", DEEDS)
    shutil.copytree(stored.home, copy.home)
    return copy


def digests(scene):
    """The digest of each target."""
    with closing(open_home(str(scene.home))) as home:
        row = home.ledger.runs(RunQuery(limit=1)).rows[0]
        visible = home.ledger.visible(row.run, "start")
        trees = [held.tree for held in home.ledger.references() if held.tree is not None]
        items = [
            held.ref
            for held in home.ledger.references()
            if held.ref is not None and held.ref.items is not None and not held.ref.is_small
        ]
        code = read_tree(home.objects, trees[0]).files["deed_flows.py"].digest
        return {
            "text": visible["text"].ref.digest,
            "buffer": visible["array"].ref.buffers[0],
            "items": items[0].digest,
            "parameter": row.parameters["word"].digest,
            "tree": trees[0],
            "code": code,
        }


def file_of(scene, digest):
    return scene.home / "objects" / digest[:2] / digest


@pytest.mark.parametrize("target", TARGETS)
def test_fsck_names_what_is_damaged_and_sets_it_aside(scene, target):
    rng = random.Random(f"{SEED}{target}")
    damage = rng.choice(DAMAGES)
    digest = digests(scene)[target]
    damage(file_of(scene, digest), rng)

    found = scene.findings("--data")
    assert digest in {each["digest"] for each in found}
    named = next(each["where"] for each in found if each["digest"] == digest)
    assert named.startswith(TARGETS[target]), (damage, found)
    assert {each["kind"] for each in found} <= {"damaged-object", "wrong-size", "missing-object"}
    assert scene.run("fsck", "--data", "--repair") == 1
    assert not file_of(scene, digest).exists()
    if damage is not remove:
        assert (scene.home / "quarantine" / digest).exists()


@pytest.mark.parametrize("target", READ)
def test_a_run_refuses_what_is_damaged_names_it_and_heals_it_by_writing_it_again(scene, target):
    rng = random.Random(f"{SEED}{target}")
    damage = rng.choice(DAMAGES)
    digest = digests(scene)[target]
    damage(file_of(scene, digest), rng)

    assert scene.resume() == 1, (damage, scene.output)
    assert digest in scene.output
    assert scene.row().cause == "damaged_input"
    (failure,) = scene.status()["failures"]
    assert (failure["cause"], failure["task"].rsplit("/", 1)[0]) == ("damaged_input", "StoredFlow/2/read")
    assert failure["error"]["details"]["digest"] == digest

    assert scene.start() == 0, scene.output
    assert scene.latest()[1] == RESULT
    assert scene.findings("--data") == []
    assert scene.resume("StoredFlow/2") == 0, scene.output


def test_a_damaged_ledger_page_is_found(scene):
    rng = random.Random(SEED)
    path = scene.home / "ledger.db"
    damage_page(path, rng.randrange(1, path.stat().st_size // 4096), rng)

    code = scene.run("fsck", "--data")
    assert code in (1, 2)
    assert "ledger" in scene.output
    assert "Traceback" not in scene.output


def test_a_small_object_that_changed_in_the_ledger_is_found(scene):
    import apsw

    with closing(apsw.Connection(str(scene.home / "ledger.db"))) as connection:
        connection.execute("UPDATE small_objects SET payload = zeroblob(length(payload))")

    kinds = {each["kind"] for each in scene.findings("--data")}
    assert kinds == {"damaged-object"}


def orphans(scene):
    """Objects that nothing needs: fsck lists them, and their bytes are of no interest to anybody."""
    scene.run("fsck", "--json")
    return {each["digest"] for each in json.loads(scene.printed)["findings"] if each["kind"] == "orphan-object"}


@pytest.mark.long
@pytest.mark.parametrize("number", range(60))
def test_no_flip_or_cut_anywhere_is_missed(scene, number):
    """Five damages a store, each of another object."""
    rng = random.Random(SEED + number)
    print("seed", SEED + number)
    known = digests(scene)
    hurt = rng.sample([path for path in scene.objects() if path.name not in orphans(scene)], 5)
    for path in hurt:
        rng.choice(DAMAGES)(path, rng)

    found = {each["digest"] for each in scene.findings("--data")}
    expected = {path.name for path in hurt}
    if known["tree"] in expected:
        expected.discard(known["code"])  # whose it is only the tree could tell: to fsck it is an orphan now
        found.discard(known["code"])
    assert found == expected


@pytest.mark.long
@pytest.mark.parametrize("number", range(40))
def test_no_damaged_page_of_the_ledger_is_taken_for_sound(scene, number):
    rng = random.Random(SEED + number)
    path = scene.home / "ledger.db"
    damage_page(path, number % (path.stat().st_size // 4096), rng)

    assert scene.run("fsck", "--data") in (1, 2)
    assert "Traceback" not in scene.output


def damage_page(path, page, rng):
    with open(path, "r+b") as file:
        file.seek(page * 4096)
        file.write(rng.randbytes(4096))


def test_reading_through_the_client_never_gives_other_bytes(scene):
    """Every object, every kind of damage: what loads it raises, and names the digest."""
    rng = random.Random(SEED)
    known = digests(scene)
    for target in READ:
        for damage in DAMAGES:
            path = file_of(scene, known[target])
            whole = path.read_bytes()
            damage(path, rng)
            with closing(open_home(str(scene.home))) as home:
                row = home.ledger.runs(RunQuery(limit=1)).rows[0]
                name = "array" if target == "buffer" else target
                ref = row.parameters["word"] if target == "parameter" else None
                ref = ref or home.ledger.visible(row.run, "start")[name].ref
                with pytest.raises((ArtifactDamaged, ArtifactMissing)) as refused:
                    home.artifacts.load(ref)
            assert refused.value.digest == known[target], (target, damage)
            path.write_bytes(whole)
