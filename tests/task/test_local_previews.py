from collections import OrderedDict, defaultdict

import numpy
import pandas

from headwater.task.previews import LENGTH, NAMES, preview, preview_locals, sounds_secret


def test_a_long_value_is_cut() -> None:
    text = preview("a" * 10_000)

    assert len(text) == LENGTH
    assert text.endswith("...")


def test_the_cost_does_not_grow_with_the_value() -> None:
    class Counting(int):
        asked = 0

        def __repr__(self) -> str:
            Counting.asked += 1
            return "1"

    preview([Counting()] * 100_000)

    assert Counting.asked < 20


def test_a_broken_repr_is_named_and_does_no_harm() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert "Broken" in preview(Broken())
    assert "Broken" in preview([Broken()])


def test_arrays_and_frames_are_described_by_shape() -> None:
    assert preview(numpy.zeros((3, 4))) == "<ndarray, shape=(3, 4), dtype=float64>"
    assert preview(pandas.DataFrame({"a": [1, 2]})) == "<DataFrame, shape=(2, 1)>"
    assert "shape=(3, 4)" in preview({"inner": numpy.zeros((3, 4))})


def test_secrets_are_masked_by_name_and_inside_of_dictionaries() -> None:
    secret = "hunter2-hunter2"
    hiding = {
        "password": secret,
        "DB_PASSWD": secret,
        "api_key": secret,
        "settings": {"deep": {"auth_token": secret}},
        "ordered": OrderedDict(secret_value=secret),
        "default": defaultdict(str, client_secret=secret),
    }

    texts = preview_locals(hiding)

    assert secret not in "".join(texts.values())
    assert list(hiding) == list(texts)


def test_the_environment_is_not_shown() -> None:
    import os

    assert preview(os.environ).startswith("<environment, ")


def test_plain_names_do_not_sound_secret() -> None:
    assert not any(map(sounds_secret, ["model", "x", "rows", "passed", "key", "frame"]))


def test_at_most_so_many_names_are_shown() -> None:
    texts = preview_locals({f"name{number}": number for number in range(100)})

    assert len(texts) == NAMES + 1
    assert texts["..."] == "more names left out"


def test_modules_functions_and_dunders_are_no_variables() -> None:
    assert preview_locals({"numpy": numpy, "preview": preview, "__file__": "x", "n": 1}) == {"n": "1"}


def test_lone_surrogates_can_be_written_as_text() -> None:
    preview("\ud800").encode()
