"""What holds for every stream: refusals come before it begins, and what is gone ends it."""

from collections.abc import AsyncIterator

import pytest

from headwater.model.errors import NotFound
from headwater.web.asked import Asked
from headwater.web.problems import Refused
from headwater.web.routes import Route, Sent
from tests.web.gate_site import GateSite


def follow(*, yields, then):
    """A stream of some events that ends in an error."""

    async def followed(asked: Asked) -> AsyncIterator[Sent | None]:
        for number in range(yields):
            yield Sent(str(number), "number", number)
        raise then

    return Route("GET", "/x", followed, needs="nobody", events={"number": int})


@pytest.fixture
def ask(store):
    sites = []

    def asked(route):
        sites.append(GateSite(store, [route]))
        return sites[-1].ask("GET", "/x", stays=True)

    yield asked
    for site in sites:
        site.close()


@pytest.mark.parametrize("error", [NotFound("there is no such task"), Refused(404, "there is no such task")])
def test_what_cannot_be_followed_is_refused_before_anything_is_sent(ask, error):
    given = ask(follow(yields=0, then=error))

    assert (given.status, given.header("content-type")) == (404, "application/problem+json")
    assert given.value["detail"] == "there is no such task"


def test_a_stream_ends_with_what_it_followed(ask):
    given = ask(follow(yields=2, then=NotFound("it is gone")))

    assert given.status == 200
    assert given.body == b": open\n\nid: 0\nevent: number\ndata: 0\n\nid: 1\nevent: number\ndata: 1\n\n"


def test_a_failure_of_ours_breaks_a_stream_off(ask):
    with pytest.raises(OSError, match="the disk is gone"):
        ask(follow(yields=1, then=OSError("the disk is gone")))
