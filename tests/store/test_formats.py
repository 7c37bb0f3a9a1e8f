"""Bytes that were written once are read for ever: each of these was written by the version that introduced it."""

import numpy
import pytest

from headwater.model.artifact import Ref
from headwater.store.artifacts import ArtifactStore
from headwater.store.place_memory import MemoryPlace

GOLDEN = {
    "json/1": (
        "a8c542c58e27c4b66b7e3bf3fd94fb010c64fd8565b887a08d1fc8043118b189",
        "48574f31000618000000000000006a736f6e2f31007b2261223a5b312c322e352c22c3a4222c6e756c6c5d7d",
        {"a": [1, 2.5, "ä", None]},
    ),
    "pickle/1": (
        "271c62a69d65158f03b3bddcdd00ea51ff6be683720b1f2e63d207197c388c06",
        "48574f31000813000000000000007069636b6c652f310080059507000000000000004b014b0286942e",
        (1, 2),
    ),
    "numpy/1": (
        "034059329f385471cc2049210a4e786c947f46ee67437f1c00347a4afabd5a4f",
        "48574f31000765000000000000006e756d70792f31010100000029000000000000000006000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000007b226474797065223a223c6932222c227368617065223a5b332c315d2c226f7264"
        "6572223a2243227d000001000200",
        numpy.arange(3, dtype="<i2").reshape(3, 1),
    ),
}
ITEMS = (
    "e4c5dc65f64e4d148c569c3ac9bccc111ca0516330fe45a4b065844a1972101b",
    "48574f3100078a000000000000006974656d732f310300000002000000066a736f6e2f31076e756d70792f31000000000000000002000000"
    "00000000080000000000000053000000000000000031002274776f2281010000002700000000000000000200000000000000000000000000"
    "0000000000007b226474797065223a227c7531222c227368617065223a5b325d2c226f72646572223a2243227d0001",
)


@pytest.mark.parametrize("codec", GOLDEN)
def test_an_artifact_of_the_first_version_is_read(codec):
    digest, stored, value = GOLDEN[codec]
    ref = Ref(digest=digest, codec=codec, type="", size=0, is_small=True)

    assert repr(ArtifactStore(MemoryPlace()).load(ref, bytes.fromhex(stored))) == repr(value)


@pytest.mark.parametrize("codec", ["json/1", "numpy/1"])
def test_an_artifact_is_still_written_as_in_the_first_version(codec):
    digest, stored, value = GOLDEN[codec]
    saved = ArtifactStore(MemoryPlace()).save("x", value)

    assert (saved.ref.digest, saved.small.hex()) == (digest, stored)


def test_items_of_the_first_version_are_read():
    store = ArtifactStore(MemoryPlace())
    ref = Ref(digest=ITEMS[0], codec="items/1", type="list", size=0, is_small=True, items=3)

    assert store.load_item(ref, 1, bytes.fromhex(ITEMS[1])) == "two"
    assert repr(store.load(ref, bytes.fromhex(ITEMS[1]))) == repr([1, "two", numpy.arange(2, dtype="u1")])
