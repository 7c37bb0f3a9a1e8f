import socket
import sqlite3
import threading

import pytest

from headwater.model.errors import ArtifactNotStorable


class Model:
    def __init__(self, callback: object) -> None:
        self.callback = callback


class Slotted:
    __slots__ = ("inner",)

    def __init__(self, inner: object) -> None:
        self.inner = inner


class Refusing:
    def __reduce__(self):
        raise OSError("the moon is full")


class FlowSpec:
    def __reduce_ex__(self, protocol):
        raise TypeError("a flow")


def local_generator() -> object:
    def count():
        yield 1

    return count()


def local_class() -> type:
    class Inner:
        pass

    return Inner


@pytest.mark.parametrize(
    ("value", "path", "reason"),
    [
        (lambda: 1, "", "a lambda has no name"),
        ({"model": Model(lambda: 1)}, "['model'].callback", "a lambda has no name"),
        ([1, (2, {"k": lambda: 1})], "[1][1]['k']", "a lambda has no name"),
        (Slotted(lambda: 1), ".inner", "a lambda has no name"),
        ({3: (n for n in "ab")}, "[3]", "a generator"),
        (local_generator(), "", "a generator"),
        (local_class(), "", "a class defined inside a function"),
        ([local_class()()], "[0]", "Inner"),
        (threading.Lock(), "", "a lock"),
        (Model(threading.RLock()), ".callback", "a lock"),
        (threading.Thread(), "", "a thread"),
        (threading, "", "a module"),
        (Model(Refusing()), ".callback", "the moon is full"),
        (FlowSpec(), "", "a flow"),
        ({frozenset([1]): {"deep": [lambda: 1]}}, "[frozenset({1})]['deep'][0]", "a lambda has no name"),
    ],
)
def test_the_part_that_cannot_be_stored_is_named(store, value, path, reason):
    with pytest.raises(ArtifactNotStorable) as caught:
        store.save("cfg", value)

    assert caught.value.attribute == "cfg"
    assert caught.value.path == path
    assert reason in caught.value.reason
    assert caught.value.hint
    assert str(caught.value).startswith("`self.cfg`")


def test_files_and_connections_are_named(store, tmp_path):
    with (
        open(tmp_path / "file", "w") as file,
        socket.socket() as connection,
    ):
        database = sqlite3.connect(":memory:")
        for value, reason in [
            (file, "an open file"),
            (connection, "a connection"),
            (database, "a database connection"),
        ]:
            with pytest.raises(ArtifactNotStorable) as caught:
                store.save("x", [value])
            assert reason in caught.value.reason
            assert caught.value.path == "[0]"
        database.close()


def test_one_of_many_parts_is_found_without_trying_each(store):
    value = {number: [number] for number in range(30_000)}
    value[29_000] = [lambda: 1]

    with pytest.raises(ArtifactNotStorable) as caught:
        store.save("x", value)
    assert caught.value.path == "[29000][0]"


def test_the_innermost_part_of_a_cycle_is_found(store):
    value: list[object] = [1]
    value.append(value)
    value.append({"here": lambda: 1})

    with pytest.raises(ArtifactNotStorable) as caught:
        store.save("x", value)
    assert caught.value.path.endswith("['here']")


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __hash__(self) -> int:
        return 1


def test_a_broken_repr_does_not_hide_the_reason(store):
    with pytest.raises(ArtifactNotStorable) as caught:
        store.save("x", {Hostile(): lambda: 1})

    assert caught.value.path == "[Hostile]"


def test_lack_of_memory_is_not_called_a_wrong_value(store):
    class Large:
        def __reduce__(self):
            raise MemoryError

    with pytest.raises(MemoryError):
        store.save("x", Large())
