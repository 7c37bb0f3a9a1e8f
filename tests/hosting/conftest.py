"""Hosts that several tests of a file share."""

from collections.abc import Iterator

import pytest

from tests.hosting.http_scene import HttpHost, http_host


@pytest.fixture(scope="session")
def kinds_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpHost]:
    """A host of services that take everything and never fail."""
    with http_host(tmp_path_factory.mktemp("kinds"), "Kinds", "Older", "Readings", unloaded=["Coming"]) as host:
        yield host


@pytest.fixture
def troubles_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpHost]:
    """A host of a service that fails in all ways, for one test."""
    with http_host(tmp_path_factory.mktemp("troubles"), "Troubles") as host:
        yield host
