"""Clients that others published talk to a host unmodified."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosting.clients import clients_python
from tests.hosting.http_scene import HttpHost, http_host


@pytest.fixture(scope="module")
def readings_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpHost]:
    with http_host(tmp_path_factory.mktemp("readings"), "Readings") as host:
        yield host


def told_by(program: str, *words: str) -> Any:
    command = [clients_python(), str(Path(__file__).with_name(program)), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.timeout(300)
def test_the_client_of_triton_works(readings_host: HttpHost) -> None:
    found = told_by("triton_program.py", f"127.0.0.1:{readings_host.port}")

    assert [found[name] for name in ("live", "ready", "model_ready", "version_ready", "unknown_ready")] == [
        True,
        True,
        True,
        True,
        False,
    ]
    assert "binary_tensor_data" in found["server"]["extensions"]
    assert [each["name"] for each in found["model"]["inputs"]] == ["number", "is_negative"]
    assert found["index"] == [{"name": "Readings", "version": "0", "state": "READY", "reason": ""}]
    for binary in (True, False):
        for packing in (None, "gzip", "deflate"):
            assert found[f"texts {binary} {packing}"] == [["AB", "Ä"], [2]]
            assert found[f"array {binary} {packing}"] == [[2, 4, 6, 8], [2, 2]]
    assert found["large"] == 2 * 19999
    assert found["half"] == [[3.0, 5.0], [2]]
    assert found["BF16"] == [[2.0, -5.0], [2]]
    for datatype in ("UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP64", "BOOL"):
        assert found[datatype] == [[0, 2], [2]]
    assert found["frame"] == [[11.0, 22.0], [2]]
    assert found["row"] == {"x": [2.0], "y": [1.0], "label": ["L"]}
    assert (found["id"], found["model_version"], found["only"]) == ("mine", "0", ["label"])
    assert found["scalar"] == [[-2.0, 2.5], [2]]
    assert [each[0] for each in found["errors"]] == ["404", "404", "400", "400", "400"]
    assert "nothing" in found["errors"][4][1]
    (statistics,) = found["statistics"]
    assert (statistics["inference_count"], statistics["inference_stats"]["fail"]["count"]) == (1, 2)
    assert found["all_statistics"] == 5


@pytest.mark.timeout(300)
def test_the_client_of_kserve_works(readings_host: HttpHost) -> None:
    found = told_by("kserve_program.py", readings_host.url)

    assert [found["live"], found["ready"], found["model_ready"]] == [True, True, True]
    for binary in (False, True):
        assert found[f"texts {binary}"] == ["AB", "CD"]
        assert found[f"array {binary}"] == ["mine", "Readings", [[2.0, 4.0], [6.0, 8.0]]]
    assert "404" in found["error"]
