import os

import pytest
from blake3 import blake3

from headwater.model.errors import ArtifactDamaged, ArtifactMissing, FormatUnknown
from headwater.store.framing import frame, hash_bytes, root_digest, unframe
from headwater.store.keys import object_key
from headwater.store.objects import Blob, ObjectStore
from headwater.store.place_memory import MemoryPlace
from tests.store.stored_files import files_below, flip_byte

MIB = 1 << 20


@pytest.fixture
def objects(place) -> ObjectStore:
    return ObjectStore(place)


def put_root(objects: ObjectStore, codec: str, payload: bytes) -> str:
    digest = root_digest(codec, [payload])
    objects.put_many([Blob(digest, frame(codec, [payload]), is_root=True)])
    return digest


def test_a_raw_object_is_its_bytes_under_their_blake3(objects):
    digest = objects.put_raw([b"one", b"two"])

    assert digest == blake3(b"onetwo").hexdigest()
    assert objects.place.get(f"{digest[:2]}/{digest}") == b"onetwo"
    assert bytes(objects.map_raw(digest)) == b"onetwo"


def test_many_threads_hash_as_one_does():
    large = os.urandom(3 * MIB)

    assert hash_bytes(large) == blake3(large).hexdigest()


def test_the_digest_of_a_root_covers_codec_and_payload_and_not_the_compression():
    payload = b"a" * 5000
    compressed = b"".join(frame("x/1", [payload]))
    plain = b"".join(frame("x/1", [payload], may_compress=False))

    assert len(compressed) < 200 < len(plain)
    for stored in (compressed, plain):
        root = unframe(root_digest("x/1", [payload]), memoryview(stored), "here")
        assert (root.codec, bytes(root.payload)) == ("x/1", payload)
    assert root_digest("x/2", [payload]) != root_digest("x/1", [payload])
    assert root_digest("x/1", [payload[:9], payload[9:]]) == root_digest("x/1", [payload])


def test_what_does_not_compress_is_stored_plain():
    noise = os.urandom(5000)

    assert len(b"".join(frame("x/1", [noise]))) == 5000 + 14 + 3


def test_a_missing_object_is_named(objects):
    with pytest.raises(ArtifactMissing) as caught:
        objects.read_root("0" * 64)

    assert caught.value.digest == "0" * 64


@pytest.mark.parametrize("payload", [b"short", b"compressible " * 500], ids=["plain", "compressed"])
def test_every_flipped_byte_of_a_root_is_found(objects, payload):
    digest = put_root(objects, "x/1", payload)
    path = objects.place.path(object_key(digest))
    size = os.path.getsize(path)

    for offset in range(size):
        flip_byte(path, offset)
        with pytest.raises(ArtifactDamaged) as caught:
            objects.read_root(digest)
        assert caught.value.digest == digest
        assert caught.value.where == path
        flip_byte(path, offset)
    assert bytes(objects.read_root(digest).payload) == payload


@pytest.mark.parametrize("payload", [b"short", b"compressible " * 500], ids=["plain", "compressed"])
def test_every_truncation_of_a_root_is_found(objects, payload):
    digest = put_root(objects, "x/1", payload)
    path = objects.place.path(object_key(digest))

    for size in reversed(range(os.path.getsize(path))):
        os.truncate(path, size)
        with pytest.raises(ArtifactDamaged):
            objects.read_root(digest)


def test_a_newer_format_is_not_called_damaged(objects):
    digest = root_digest("x/1", [b"text"])
    newer = b"HWO2" + b"whatever a newer version writes"
    objects.place.put(object_key(digest), [newer])

    with pytest.raises(FormatUnknown, match="HWO2"):
        objects.read_root(digest)


def test_a_changed_buffer_is_found_although_it_was_stamped(objects):
    digest = objects.put_raw([bytes(2 * MIB)])
    objects.map_raw(digest)
    path = objects.place.path(object_key(digest))
    flip_byte(path, MIB)

    with pytest.raises(ArtifactDamaged) as caught:
        objects.map_raw(digest)
    assert caught.value.where == path


def test_a_writer_stamps_so_that_other_processes_need_not_hash(objects, monkeypatch):
    digest = objects.put_raw([bytes(2 * MIB)])
    other = ObjectStore(objects.place)
    hashed = count_hashing(monkeypatch)

    assert other.map_raw(digest).nbytes == 2 * MIB
    assert hashed == []


def test_a_reader_that_hashed_stamps_too(objects, monkeypatch):
    digest = objects.put_raw([bytes(2 * MIB)])
    os.unlink(objects.place.path(object_key(digest)) + ".ok")
    hashed = count_hashing(monkeypatch)

    objects.map_raw(digest)
    objects.map_raw(digest)

    assert hashed == [2 * MIB]


def test_a_stamp_does_not_hold_for_another_file_of_the_same_name(objects, tmp_path):
    digest = objects.put_raw([bytes(2 * MIB)])
    path = objects.place.path(object_key(digest))
    impostor = tmp_path / "impostor"
    impostor.write_bytes(b"x" * (2 * MIB))
    found = os.stat(path)
    os.utime(impostor, ns=(found.st_atime_ns, found.st_mtime_ns))
    os.replace(impostor, path)

    with pytest.raises(ArtifactDamaged):
        objects.map_raw(digest)


def test_writing_again_heals_a_damaged_object(objects):
    for content in (b"small", bytes(2 * MIB)):
        digest = objects.put_raw([content])
        flip_byte(objects.place.path(object_key(digest)), 1)
        objects.put_raw([content])

        assert bytes(objects.map_raw(digest)) == content


def test_writing_again_heals_a_truncated_root(objects):
    digest = put_root(objects, "x/1", b"text")
    os.truncate(objects.place.path(object_key(digest)), 3)

    put_root(objects, "x/1", b"text")

    assert bytes(objects.read_root(digest).payload) == b"text"


@pytest.mark.parametrize("size", [10, 2 * MIB])
def test_writing_what_is_there_only_makes_it_new(objects, monkeypatch, size):
    digest = objects.put_raw([bytes(size)])
    path = objects.place.path(object_key(digest))
    os.utime(path, (1000, 1000))
    objects.map_raw(digest)
    inode = os.stat(path).st_ino
    objects.put_raw([bytes(size)])
    hashed = count_hashing(monkeypatch)
    objects.map_raw(digest)

    assert os.stat(path).st_ino == inode
    assert os.stat(path).st_mtime > 1000
    assert hashed == ([] if size >= MIB else [size])


def test_an_object_that_a_sweep_takes_while_it_is_touched_is_written_anew(objects, monkeypatch):
    digest = objects.put_raw([b"content"])
    touch = objects.place.touch

    def swept_first(key: str) -> None:
        objects.place.delete(key)
        touch(key)

    monkeypatch.setattr(objects.place, "touch", swept_first)
    objects.put_raw([b"content"])

    assert bytes(objects.map_raw(digest)) == b"content"


def test_the_same_object_twice_in_one_batch_is_written_once(objects):
    blob = Blob(hash_bytes(b"x"), [b"x"], is_root=False)
    objects.put_many([blob, blob])

    assert len(files_below(objects.place.root)) == 1


def test_objects_work_in_memory_too():
    objects = ObjectStore(MemoryPlace())
    digest = objects.put_raw([bytes(2 * MIB)])
    objects.put_raw([bytes(2 * MIB)])

    assert objects.map_raw(digest).nbytes == 2 * MIB


def count_hashing(monkeypatch) -> list[int]:
    """Note the sizes of what is hashed from now on."""
    sizes: list[int] = []

    def noted(*parts: memoryview) -> str:
        sizes.append(sum(memoryview(part).nbytes for part in parts))
        return hash_bytes(*parts)

    monkeypatch.setattr("headwater.store.objects.hash_bytes", noted)
    return sizes
