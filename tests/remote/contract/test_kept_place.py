"""What every place promises, of the disk that keeps a part of a server's store."""

import os

import pytest

from headwater.model.errors import ArtifactMissing
from headwater.places import KeptPlace
from headwater.remote.connection import Server
from headwater.remote.objects import RemoteObjects
from headwater.store.keys import object_key
from headwater.store.objects import ObjectStore
from tests.store.test_places import *  # noqa: F403 - the same tests, with the fixture of this file


@pytest.fixture
def any_place(served, tmp_path):
    server = Server(served.url, served.token())
    yield KeptPlace(str(tmp_path / "far"), lambda: RemoteObjects(server))
    server.close()


def test_what_is_written_is_sent_when_it_is_to_be_committed(served, any_place):
    digest = ObjectStore(any_place).put_raw([b"hello"])
    before = served.home.objects.is_there(digest)
    any_place.deliver()

    assert (before, served.home.objects.is_there(digest)) == (False, True)
    assert os.listdir(any_place._pending) == []


def test_what_is_not_here_is_fetched_when_it_is_read_and_kept(served, any_place):
    digest = served.home.objects.put_raw([b"from afar"])
    first = bytes(ObjectStore(any_place).map_raw(digest))
    served.home.place.delete(object_key(digest))

    assert first == b"from afar"
    assert bytes(ObjectStore(any_place).map_raw(digest)) == b"from afar"
    assert list(any_place.keys("")) == [object_key(digest)]


def test_what_is_nowhere_is_missing(any_place):
    with pytest.raises(ArtifactMissing):
        ObjectStore(any_place).map_raw("0" * 64)
    with pytest.raises(ArtifactMissing):
        any_place.send("0" * 64)

    assert list(any_place.temporaries()) == []


def test_saving_asks_the_server_nothing(served, any_place):
    served.server.should_exit = True
    digest = ObjectStore(any_place).put_raw([b"saved in an outage"])

    assert os.listdir(any_place._pending) == [digest]


def test_what_was_noted_and_never_written_keeps_nobody_from_delivering(served, any_place):
    objects = ObjectStore(any_place)
    good = objects.put_raw([b"good"])
    killed = objects.put_raw([b"killed before it was written"])
    any_place.delete(object_key(killed))
    any_place.deliver()

    assert served.home.objects.is_there(good)
    assert not served.home.objects.is_there(killed)


def test_a_damaged_object_of_the_server_is_mended_by_sending_it_again(served, any_place):
    content = os.urandom(300_000)
    digest = served.home.objects.put_raw([content])
    with open(served.home.place.path(object_key(digest)), "r+b") as file:
        file.write(b"damage")
    ObjectStore(any_place).put_raw([content])
    any_place.deliver()

    served.home.objects.verify(digest, is_root=False)
