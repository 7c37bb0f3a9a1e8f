import os
import random
from pathlib import Path

import numpy
import pytest

from headwater.model.findings import Finding
from headwater.store.artifacts import ArtifactStore
from headwater.store.fsck import (
    Reference,
    check_folder,
    check_objects,
    check_small,
    references_of_artifact,
    references_of_tree,
    repair,
)
from headwater.store.keys import object_key
from headwater.store.trees import save_tree
from tests.store.stored_files import files_below, flip_byte

MIB = 1 << 20
WHERE = "Churn/17/train/4/model"


class Stored:
    """A store with one of each kind of object."""

    def __init__(self, store: ArtifactStore, tmp_path) -> None:
        self.store, self.objects, self.place = store, store.objects, store.objects.place
        code = tmp_path / "code"
        code.mkdir()
        (code / "flow.py").write_text("x = 1\n")
        self.model = store.save("model", numpy.arange(float(MIB)), may_be_small=False).ref
        self.text = store.save("text", "compressible " * 1000, may_be_small=False).ref
        self.items = store.save_items("items", [numpy.zeros(MIB), 2], may_be_small=False).ref
        self.tree = save_tree(self.objects, str(code)).digest

    def references(self) -> list[Reference]:
        return [
            *references_of_artifact(WHERE, self.model),
            *references_of_artifact("Churn/17/train/4/text", self.text),
            *references_of_artifact("Churn/17/start/1/items", self.items),
            *references_of_tree(self.objects, "Churn/17 code", self.tree),
        ]

    def check(self, level: str = "default", **named: object) -> list[Finding]:
        return list(check_objects(self.objects, self.references(), level=level, **named))

    def path(self, digest: str) -> str:
        return self.place.path(object_key(digest))


@pytest.fixture
def stored(store, tmp_path) -> Stored:
    return Stored(store, tmp_path)


@pytest.mark.parametrize("level", ["quick", "default", "data"])
def test_a_clean_store_has_no_findings(stored, level):
    assert stored.check(level) == []
    assert list(check_folder(stored.place, {reference.digest for reference in stored.references()})) == []


@pytest.mark.parametrize("level", ["quick", "default", "data"])
def test_a_missing_object_is_named_by_its_artifact(stored, level):
    os.unlink(stored.path(stored.model.buffers[0]))
    [finding] = stored.check(level)

    assert (finding.kind, finding.where, finding.digest) == ("missing-object", WHERE, stored.model.buffers[0])
    assert finding.severity == "error"
    assert finding.remedy


@pytest.mark.parametrize("which", ["root", "buffer", "text"])
def test_a_truncated_object_is_found_by_its_size(stored, which):
    digest = {"root": stored.model.digest, "buffer": stored.model.buffers[0], "text": stored.text.digest}[which]
    os.truncate(stored.path(digest), os.path.getsize(stored.path(digest)) - 1)
    findings = stored.check()

    assert [finding.digest for finding in findings] == [digest]
    assert findings[0].kind in ("wrong-size", "damaged-object")
    assert findings[0].found
    assert stored.check("quick") == []


def test_a_file_of_the_code_that_grew_is_found_by_its_size(stored):
    [_, file] = list(references_of_tree(stored.objects, "Churn/17 code", stored.tree))
    with open(stored.path(file.digest), "ab") as opened:
        opened.write(b"more")
    [finding] = stored.check()

    assert (finding.kind, finding.where) == ("wrong-size", "Churn/17 code:flow.py")
    assert (finding.expected, finding.found) == ("6 bytes", "10 bytes")


def test_every_random_flip_is_found_by_hashing(stored):
    chosen = random.Random(7)
    digests = sorted({reference.digest for reference in stored.references()})
    for _ in range(40):
        digest = chosen.choice(digests)
        path = stored.path(digest)
        offset = chosen.randrange(os.path.getsize(path))
        flip_byte(path, offset)
        found = {(finding.kind, finding.digest) for finding in stored.check("data")}
        flip_byte(path, offset)

        assert found == {("damaged-object", digest)}
    assert stored.check("data") == []


def test_hashing_does_not_trust_stamps(stored):
    digest = stored.model.buffers[0]
    flip_byte(stored.path(digest), 5)
    found = stored.place.stat(object_key(digest))
    with open(stored.path(digest) + ".ok", "w") as stamp:
        stamp.write(found.identity)

    assert stored.store.load(stored.model) is not None  # a forged stamp is believed by a reader
    assert [finding.digest for finding in stored.check("data")] == [digest]


def test_a_newer_format_is_told_from_damage(stored):
    path = stored.path(stored.text.digest)
    with open(path, "r+b") as file:
        file.write(b"HWO7 and what a newer version writes")
    [finding] = stored.check()

    assert (finding.kind, finding.where) == ("unknown-format", "Churn/17/train/4/text")


def test_a_subset_hashes_some_and_the_whole_hashes_all(stored):
    digests = sorted(stored.store.save("x", numpy.full(MIB, number)).ref.buffers[0] for number in range(6))
    references = [Reference(WHERE, digest, is_root=False, size=8 * MIB) for digest in digests]
    for digest in digests:
        flip_byte(stored.path(digest), 0)

    def hashed(subset: float) -> list[str]:
        return [each.digest for each in check_objects(stored.objects, references, level="data", subset=subset)]

    middle = int(digests[3][:8], 16) / (1 << 32)
    assert hashed(0.0) == []
    assert hashed(middle) == digests[:3]
    assert hashed(1.0) == digests


def test_a_check_goes_on_where_another_stopped(stored):
    digests = sorted(reference.digest for reference in stored.references())
    for digest in digests:
        os.unlink(stored.path(digest)) if digest != stored.tree else None
    found = [finding.digest for finding in stored.check("quick", after=digests[2])]

    assert found == [digest for digest in digests[3:] if digest in found]
    assert digests[0] not in found


def test_a_damaged_small_payload_is_named(store):
    saved = store.save("x", "text")

    assert check_small(WHERE, saved.ref.digest, saved.small) is None
    finding = check_small(WHERE, saved.ref.digest, saved.small.replace(b"text", b"tixt"))
    assert (finding.kind, finding.where) == ("damaged-object", WHERE)


def test_what_should_not_be_in_the_folder_is_listed(stored):
    needed = {reference.digest for reference in stored.references()}
    orphan = stored.objects.put_raw([b"orphan"])
    folder = os.path.dirname(stored.path(orphan))
    for name in (".tmp-abc", "notes.txt"):
        with open(f"{folder}/{name}", "w") as file:
            file.write("x")
    os.chmod(stored.path(stored.text.digest), 0o644)
    findings = {finding.kind: finding for finding in check_folder(stored.place, needed)}

    assert set(findings) == {"orphan-object", "leftover-temporary", "foreign-file", "foreign-permissions"}
    assert findings["orphan-object"].digest == orphan
    assert findings["orphan-object"].severity == "info"
    assert findings["foreign-permissions"].found == "0644"
    assert findings["foreign-permissions"].severity == "warning"


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file away needs root")
def test_a_file_of_another_owner_is_named(stored):
    os.chown(stored.path(stored.text.digest), 12345, -1)
    findings = list(check_folder(stored.place, {reference.digest for reference in stored.references()}))

    assert [(finding.kind, finding.found) for finding in findings] == [("foreign-ownership", "owner 12345")]


def test_repair_sets_aside_and_deletes_nothing(stored, tmp_path):
    digest = stored.model.buffers[0]
    flip_byte(stored.path(digest), 5)
    damaged = Path(stored.path(digest)).read_bytes()
    os.chmod(stored.path(stored.text.digest), 0o644)
    needed = {reference.digest for reference in stored.references()}
    findings = [*stored.check("data"), *check_folder(stored.place, needed)]
    done = repair(stored.place, findings, str(tmp_path / "quarantine"))

    assert len(done) == 2
    assert files_below(str(tmp_path / "quarantine")) == [str(tmp_path / "quarantine" / digest)]
    assert (tmp_path / "quarantine" / digest).read_bytes() == damaged
    assert [finding.kind for finding in stored.check("data")] == ["missing-object"]
    assert list(check_folder(stored.place, needed)) == []


def test_writing_the_value_again_brings_it_back(stored, tmp_path):
    flip_byte(stored.path(stored.model.buffers[0]), 5)
    repair(stored.place, stored.check("data"), str(tmp_path / "quarantine"))
    stored.store.save("model", numpy.arange(float(MIB)), may_be_small=False)

    assert stored.check("data") == []
