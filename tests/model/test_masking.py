import base64
import json
import random
import threading
import urllib.parse
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headwater.model.masked_forms import forms_of
from headwater.model.masking import MASK, MaskedStream, Masker, masked, masked_bytes_start, masked_start, masking

PASSWORD = 'hunter2 "precious"/é+&'
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nqhkiG9w0BAQEFAASC=\n-----END KEY-----\n"


def told(text: bytes, masker: Masker) -> bytes:
    """What is left of a text, worked out byte by byte: each run of overlapping values becomes one mask."""
    places = [(place, form) for form in masker.forms for place in range(len(text)) if text.startswith(form, place)]
    spans = sorted((place, place + len(form)) for place, form in places)
    merged: list[list[int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    parts, at = [], 0
    for start, end in merged:
        parts += [text[at:start], MASK.encode()]
        at = end
    return b"".join([*parts, text[at:]])


def streamed(masker: Masker, pieces: list[bytes]) -> bytes:
    stream = MaskedStream(masker)
    return b"".join(stream.feed(piece) for piece in pieces) + stream.rest()


def cut(text: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


@pytest.mark.parametrize(
    "written",
    [
        PASSWORD,
        json.dumps(PASSWORD)[1:-1],
        json.dumps(PASSWORD, ensure_ascii=False)[1:-1],
        repr(PASSWORD)[1:-1],
        repr(PASSWORD.encode())[2:-1],
        urllib.parse.quote(PASSWORD),
        urllib.parse.quote(PASSWORD, safe=""),
        urllib.parse.quote(PASSWORD, safe="").replace("%2F", "%2f").replace("%C3%A9", "%c3%a9").lower(),
        urllib.parse.quote_plus(PASSWORD),
        PASSWORD.encode().hex(),
        PASSWORD.encode().hex().upper(),
        base64.b64encode(PASSWORD.encode()).decode(),
        base64.urlsafe_b64encode(PASSWORD.encode()).decode(),
    ],
)
def test_a_value_is_found_however_it_is_written(written):
    assert Masker([PASSWORD]).mask(f"before {written} after") == f"before {MASK} after"


@pytest.mark.parametrize("before", [b"", b"u", b"us", b"use", b"user"])
@pytest.mark.parametrize("after", [b"", b"!", b"!!", b"!!!"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_value_inside_of_something_in_base64_is_found_at_every_alignment(before, after, encode):
    value = "hunter2>?precious"
    shown = Masker([value]).mask(encode(before + value.encode() + after).decode())

    assert MASK in shown
    # What is left are the characters of what stands around it, and two that hold bits of both.
    assert len(shown.replace(MASK, "").rstrip("=")) <= len(before + after) * 8 // 6 + 2


def test_the_password_in_an_address_is_a_value_of_its_own():
    masker = Masker(["postgresql+psycopg://ann:p%40ss%2Fword@db.example:5432/sales"])

    assert (
        masker.mask("password p@ss/word was refused, p%40ss%2Fword too") == f"password {MASK} was refused, {MASK} too"
    )
    assert "db.example" in masker.mask("cannot reach db.example")


def test_the_long_lines_of_a_value_are_values_of_their_own():
    masker = Masker([KEY])

    assert masker.mask(f"  {KEY.splitlines()[1]}\n") == f"  {MASK}\n"
    assert masker.mask(KEY) == f"{MASK}\n"
    assert masker.mask(json.dumps(KEY)) == f'"{MASK}\\n"'


def test_values_that_are_too_short_are_not_looked_for():
    assert forms_of("abc") == set()
    assert Masker(["abc", " x \n"]).mask("abc x") == "abc x"
    assert Masker([]).mask("abc") == "abc"


def test_where_values_overlap_nothing_of_either_is_left():
    assert Masker(["abcdef", "defghi"]).mask("-abcdefghi-abcdef-defghi-") == f"-{MASK}-{MASK}-{MASK}-"


def test_a_value_that_begins_with_another_is_found_whole():
    assert Masker(["hunter2", "hunter2-of-production"]).mask("hunter2-of-production hunter2") == f"{MASK} {MASK}"


@settings(max_examples=300, deadline=None)
@given(
    values=st.lists(st.text("ab", min_size=4, max_size=6), max_size=3),
    text=st.text("abc", max_size=60),
    places=st.lists(st.integers(0, 60), max_size=12),
)
@example(values=["abab"], text="abababab", places=[3, 5])
@example(values=["aaaa", "aaaaab"], text="aaaaaab", places=[5])
def test_a_stream_is_masked_as_the_whole_text_is_wherever_it_is_cut(values, text, places):
    masker = Masker(values)
    # A full stop ends every beginning of a value, so that nothing is cut off at the end.
    whole = text.encode() + b"."

    assert streamed(masker, cut(whole, places)) == masker.mask_bytes(whole) == told(whole, masker)


@settings(max_examples=150, deadline=None)
@given(
    parts=st.lists(
        st.one_of(
            st.sampled_from(sorted(Masker([PASSWORD, KEY, "hunter2"]).forms)),
            st.binary(max_size=8),
            st.sampled_from([b"\n", b"hunter", b"-----BEGIN"]),
        ),
        max_size=8,
    ),
    places=st.lists(st.integers(0, 500), max_size=20),
)
@example(parts=[KEY.strip().encode()], places=[52])
def test_no_form_of_a_value_comes_through_a_stream(parts, places):
    masker = Masker([PASSWORD, KEY, "hunter2"])
    text = b"".join(parts)
    shown = streamed(masker, cut(text, places))

    for form in masker.forms:
        assert form not in shown
    assert shown.removesuffix(b"***") == told(text, masker)[: len(shown.removesuffix(b"***"))]


def test_a_stream_holds_back_less_than_one_value():
    masker = Masker([PASSWORD, KEY])
    stream = MaskedStream(masker)
    seeded = random.Random(1)
    text = b"".join(seeded.choice([b"log line\n", PASSWORD.encode(), KEY.encode()[:30]]) for _ in range(500))
    given_back = 0
    for place in range(0, len(text), 7):
        given_back += len(stream.feed(text[place : place + 7]))
        assert len(stream._held) < len(masker.forms[0])

    assert given_back > 4000


def test_a_stream_holds_nothing_back_that_cannot_be_the_beginning_of_a_value():
    stream = MaskedStream(Masker(["hunter2-precious"]))

    assert stream.feed(b"Password: ") == b"Password: "
    assert stream.feed(b"hun") == b""
    assert stream.feed(b"gry\n") == b"hungry\n"


def test_a_value_that_the_end_of_a_stream_cuts_off_is_masked_too():
    assert streamed(Masker(["hunter2-precious"]), [b"my hunter2-prec"]) == b"my ***"
    assert streamed(Masker(["hunter2-precious"]), [b"my hun"]) == b"my hun"
    assert streamed(Masker(["abcabcx"]), [b"abcabcx", b"abc"]) == b"***abc"


def test_a_text_that_will_be_cut_shows_no_beginning_of_a_value():
    masker = Masker(["hunter2-precious"])
    for length in range(20, 60):
        text = "x" * 30 + "hunter2-precious" + "y" * 1000

        assert "hunt" not in masker.mask_start(text, length)[:length]
    assert masker.mask_start("x" * 100, 50)[:50] == "x" * 50
    many = "hunter2-precious " * 50
    assert "hunt" not in masker.mask_start(many, 40)


def test_the_cost_of_a_beginning_does_not_grow_with_the_text():
    assert len(Masker(["hunter2-precious"]).mask_start("x" * 10_000_000, 100)) < 200


def test_masks_hold_inside_of_their_block_only():
    with masking(Masker(["hunter2"])):
        inside = masked("hunter2"), masked_start("hunter2", 3), masked_bytes_start(b"hunter2", 9)

    assert inside == (MASK, MASK, b"***")
    assert (masked("hunter2"), masked_start("hunter2", 3), masked_bytes_start(b"hunter2", 9)) == (
        "hunter2",
        "hunter2",
        b"hunter2",
    )


def test_masks_hold_in_threads_that_the_block_starts():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(masked("hunter2")))
    with masking(Masker(["hunter2"])):
        thread.start()
        thread.join()

    assert seen == [MASK]


def test_odd_characters_come_through():
    text = "a\ud800b\udce9 hunter2 \N{SNOWMAN}"

    assert Masker(["hunter2"]).mask(text) == text.replace("hunter2", MASK)


def test_a_value_that_is_no_text_is_masked_in_bytes():
    value = b"k\xe9y-of-bytes".decode("utf-8", "surrogateescape")

    assert Masker([value]).mask_bytes(b"<k\xe9y-of-bytes>") == b"<***>"
