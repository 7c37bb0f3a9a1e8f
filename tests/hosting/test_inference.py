"""The Open Inference Protocol, byte by byte: health, metadata, inference, binary tensors, errors."""

import gzip
import json
import pickle
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from headwater.hosting.calls import Answer
from headwater.hosting.measures import Measures
from headwater.hosting.statistics import BatchStatistics, Duration, statistics_of
from tests.hosting.http_scene import Given, HttpHost

INFER = "/v2/models/{}/infer"


def tensor(name: str, datatype: str, shape: list[int], data: object = None, **parameters: object) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name, "datatype": datatype, "shape": shape}
    if data is not None:
        made["data"] = data
    return {**made, "parameters": parameters} if parameters else made


def infer(host: HttpHost, model: str, *inputs: dict[str, Any], **more: object) -> Given:
    return host.call(INFER.format(model), {"inputs": list(inputs), **more})


def binary(host: HttpHost, model: str, request: object, data: bytes, **headers: str) -> Given:
    """Send JSON with binary tensors behind it."""
    text = json.dumps(request).encode()
    named = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(text)), **headers}
    return host.send("POST", INFER.format(model), text + data, named)


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("/v2/health/live", 200, {"live": True}),
        ("/v2/health/ready", 503, {"ready": False, "live": True}),
        ("/v2/models/Readings/ready", 200, {"name": "Readings", "ready": True}),
        ("/v2/models/Readings.texts/versions/0/ready", 200, {"name": "Readings.texts", "ready": True}),
    ],
)
def test_health_is_told(kinds_host: HttpHost, path: str, status: int, expected: object) -> None:
    given = kinds_host.get(path)

    assert (given.status, given.value) == (status, expected)


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_the_server_says_what_it_can(kinds_host: HttpHost, path: str) -> None:
    told = kinds_host.get(path).value

    assert told["name"] == "headwater"
    assert {"binary_tensor_data", "statistics"} <= set(told["extensions"])


def test_a_model_says_its_tensors(kinds_host: HttpHost) -> None:
    row = kinds_host.get("/v2/models/Readings.row/versions/0").value
    array = kinds_host.get("/v2/models/Readings.array").value

    assert row["versions"] == ["0"]
    assert row["inputs"] == row["outputs"]
    assert [(each["name"], each["datatype"], each["shape"]) for each in row["inputs"]] == [
        ("x", "FP64", [-1]),
        ("y", "FP64", [-1]),
        ("label", "BYTES", [-1]),
    ]
    assert array["inputs"][0]["name"] == "x"


def test_the_repository_lists_what_is_there(kinds_host: HttpHost) -> None:
    listed = kinds_host.call("/v2/repository/index", {}).value

    assert {each["name"]: each["state"] for each in listed} == {
        "Coming": "UNAVAILABLE",
        "Kinds": "READY",
        "Older": "READY",
        "Readings": "READY",
    }


@pytest.mark.parametrize("data", [[1, 2, 3, 4], [[1, 2], [3, 4]]])
def test_data_may_be_nested_or_flat(kinds_host: HttpHost, data: object) -> None:
    given = infer(kinds_host, "Readings.array", tensor("x", "INT32", [2, 2], data), id="mine")

    assert given.value == {
        "model_name": "Readings",
        "model_version": "0",
        "id": "mine",
        "outputs": [{"name": "output", "datatype": "INT32", "shape": [2, 2], "data": [2, 4, 6, 8]}],
    }
    assert given.headers["service-version"] == "Readings/0"
    assert len(given.headers["prediction-id"]) == 26


def test_binary_tensors_go_in_and_come_out(kinds_host: HttpHost) -> None:
    data = struct.pack("<3d", 1, 2, 3)
    request = {
        "inputs": [tensor("x", "FP64", [3], binary_data_size=len(data))],
        "parameters": {"binary_data_output": True},
    }
    given = binary(kinds_host, "Readings.array", request, data)
    length = int(given.headers["inference-header-content-length"])
    (output,) = json.loads(given.body[:length])["outputs"]

    assert given.kind == "application/octet-stream"
    assert output["parameters"] == {"binary_data_size": 24}
    assert struct.unpack("<3d", given.body[length:]) == (2, 4, 6)


@pytest.mark.parametrize(
    ("packing", "pack", "unpack"),
    [("gzip", gzip.compress, gzip.decompress), ("deflate", zlib.compress, zlib.decompress)],
)
def test_packed_requests_and_answers(kinds_host: HttpHost, packing: str, pack: Any, unpack: Any) -> None:
    data = struct.pack("<500q", *range(500))
    request = {"inputs": [tensor("x", "INT64", [500], binary_data_size=len(data))]}
    text = json.dumps(request).encode()
    headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(text)),
        "Content-Encoding": packing,
        "Accept-Encoding": packing,
    }
    given = kinds_host.send("POST", INFER.format("Readings.array"), pack(text + data), headers)

    assert given.headers["content-encoding"] == packing
    assert json.loads(unpack(given.body))["outputs"][0]["data"][-1] == 998


def test_texts_of_any_kind_are_kept_whole(kinds_host: HttpHost) -> None:
    texts = ["", "ß", "a\x00b", "x" * 70_000]
    data = b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)
    request = {"inputs": [tensor("text", "BYTES", [4], binary_data_size=len(data))]}
    given = binary(kinds_host, "Readings.texts", request, data)

    assert given.value["outputs"][0]["data"] == [text.upper() for text in texts]


def test_more_rows_than_a_batch_holds_are_answered_in_order(kinds_host: HttpHost) -> None:
    texts = [f"t{number}" for number in range(100)]
    given = infer(kinds_host, "Readings.texts", tensor("text", "BYTES", [100], texts))

    assert given.value["outputs"][0]["data"] == [text.upper() for text in texts]


X = tensor("x", "FP32", [2], [1, 2])


@pytest.mark.parametrize(
    ("model", "body", "status"),
    [
        ("Readings.array", b"", 400),
        ("Readings.array", b"[]", 400),
        ("Readings.array", b'{"inputs": "x"}', 400),
        ("Readings.array", b'{"inputs": []}', 400),
        ("Readings.array", b'{"inputs": [{"name": "x"}]}', 400),
        ("Readings.array", b'{"inputs": [{"name": "\xff", "shape": [1], "datatype": "FP32", "data": [1]}]}', 400),
        ("Readings.array", {"inputs": [tensor("x", "FP32", [3], [1, 2])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "FP32", [-1], [1, 2])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "FP32", [2**62, 2**62], [1])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "FP32", [2], ["a", "b"])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "FP32", [2], [[1], [1, 2]])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "FP32", [2], [1, [2]])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "UINT8", [1], [256])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "UINT64", [1], [-1])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "INT32", [1], [1.5])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "BOOL", [1], [1])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "FP16", [1], [1])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "COMPLEX", [1], [1])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "fp32", [1], [1])]}, 400),
        ("Readings.array", {"inputs": [X, X]}, 400),
        ("Readings.array", {"inputs": [X, tensor("y", "FP32", [1], [1])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "FP32", [1])]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "FP32", [1], binary_data_size=4)]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "FP32", [1], binary_data_size=-4)]}, 400),
        ("Readings.array", {"inputs": [tensor("x", "FP32", [1], binary_data_size=True)]}, 400),
        ("Readings.array", {"inputs": [X], "outputs": [{"name": "nothing"}]}, 400),
        ("Readings.array", b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1e999]}]}', 400),
        ("Readings.array", b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [NaN]}]}', 400),
        (
            "Readings.array",
            b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": '
            + b"[" * 100_000
            + b"]" * 100_000
            + b"}]}",
            400,
        ),
        (
            "Readings.scalar",
            {"inputs": [tensor("number", "INT64", [2], [1, 2]), tensor("is_negative", "BOOL", [1], [True])]},
            400,
        ),
        ("Readings.frame", {"inputs": [tensor("a", "FP32", [2], [1, 2]), tensor("b", "FP32", [1], [1])]}, 400),
        ("Readings.nothing", {"inputs": [X]}, 404),
        ("Nothing", {"inputs": [X]}, 404),
        ("Readings.array/versions/9", {"inputs": [X]}, 404),
        ("Coming", {"inputs": [X]}, 503),
    ],
)
def test_what_does_not_fit_is_told_in_the_protocols_form(
    kinds_host: HttpHost, model: str, body: object, status: int
) -> None:
    given = kinds_host.call(INFER.format(model), body)

    assert (given.status, given.kind) == (status, "application/json")
    assert list(given.value) == ["error"] and given.value["error"]


@pytest.mark.parametrize(
    ("datatype", "shape", "data", "size"),
    [
        ("FP64", [3], b"x" * 24, 16),
        ("FP64", [3], b"x" * 16, 24),
        ("FP64", [2], b"x" * 20, 20),
        ("FP64", [2], b"x" * 17, 16),
        ("BF16", [3], b"x" * 4, 4),
        ("BYTES", [1], struct.pack("<I", 9) + b"a", 5),
        ("BYTES", [1], struct.pack("<I", 0xFFFFFFFF) + b"a", 5),
        ("BYTES", [2], struct.pack("<I", 1) + b"a", 5),
        ("BYTES", [1], b"\x01\x00", 2),
        ("BYTES", [1], struct.pack("<I", 1) + b"\xff", 5),
        ("NOTHING", [1], b"a", 1),
    ],
)
def test_binary_data_that_is_not_what_was_said_is_refused(
    kinds_host: HttpHost, datatype: str, shape: list[int], data: bytes, size: int
) -> None:
    request = {"inputs": [tensor("x", datatype, shape, binary_data_size=size)]}
    given = binary(kinds_host, "Readings.array", request, data)

    assert (given.status, list(given.value)) == (400, ["error"])


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "99999", "\u00b2", "9" * 5000])
def test_a_length_of_the_json_that_cannot_be_is_refused(kinds_host: HttpHost, length: str) -> None:
    request = {"inputs": [tensor("x", "FP64", [1], binary_data_size=8)]}
    given = binary(kinds_host, "Readings.array", request, b"x" * 8, **{"Inference-Header-Content-Length": length})

    assert given.status == 400


def test_statistics_count_requests_and_what_took_the_time(kinds_host: HttpHost) -> None:
    def stats(path: str = "Readings.scalar/stats") -> Any:
        (found,) = kinds_host.get(f"/v2/models/{path}").value["model_stats"]
        return found

    began = time.time()
    before = stats()
    for number in (1, 2, 3):
        infer(kinds_host, "Readings.scalar", tensor("number", "INT64", [1], [number]))
    infer(kinds_host, "Readings.scalar", tensor("number", "BYTES", [1], ["a"]))
    after = stats("Readings.scalar/versions/0/stats")
    grown = {
        name: {unit: each[unit] - before["inference_stats"][name][unit] for unit in ("count", "ns")}
        for name, each in after["inference_stats"].items()
    }

    assert (after["name"], after["version"]) == ("Readings.scalar", "0")
    assert after["inference_count"] - before["inference_count"] == 3
    assert after["execution_count"] - before["execution_count"] == 3
    assert [grown[name]["count"] for name in ("success", "fail", "queue", "compute_infer")] == [3, 1, 3, 3]
    assert 0 < grown["compute_infer"]["ns"] <= grown["success"]["ns"]
    assert grown["fail"]["ns"] > 0
    assert after["last_inference"] >= int(began * 1000)
    assert [each["batch_size"] for each in after["batch_stats"]] == [1]


def test_statistics_of_gathered_requests_are_told_by_the_size_of_their_batch() -> None:
    clock = iter([5.0, 6.0, 7.0, 8.0])
    measures = Measures(lambda: next(clock))
    for _ in range(3):
        measures.note(("S", "many", "S/1"), 200, 0.5, Answer(200, b"", 0, queued=0.1, computed=0.3, batch=3))
    measures.note(("S", "many", "S/1"), 429, 0.25, None)
    found = statistics_of("S.many", "1", measures.counted("S", "many", "S/1"))
    nothing = statistics_of("S.other", "1", measures.counted("S", "other", "S/1"))

    assert (found.inference_count, found.execution_count, found.last_inference) == (3, 1, 8000)
    assert found.batch_stats == (BatchStatistics(3, Duration(1, 300_000_000)),)
    assert found.inference_stats.success == Duration(3, 1_500_000_000)
    assert found.inference_stats.fail == Duration(1, 250_000_000)
    assert found.inference_stats.queue == Duration(3, 300_000_000)
    assert found.inference_stats.compute_infer == Duration(3, 900_000_000)
    assert (nothing.inference_count, nothing.inference_stats.success) == (0, Duration())


def test_statistics_of_all_models_are_listed(kinds_host: HttpHost) -> None:
    names = [each["name"] for each in kinds_host.get("/v2/models/stats").value["model_stats"]]

    assert {"Kinds.text", "Readings.array", "Readings.texts"} <= set(names)
    assert not any(name.startswith("Coming") for name in names)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v2", 405),
        ("DELETE", "/v2/models/Readings", 405),
        ("PUT", "/v2/models/Readings/infer", 405),
        ("GET", "/v2/models/Readings/config", 501),
        ("GET", "/v2/models/Readings/other", 404),
        ("GET", "/v2/other", 404),
        ("GET", "/v2/models", 404),
    ],
)
def test_what_is_not_offered_is_told(kinds_host: HttpHost, method: str, path: str, status: int) -> None:
    given = kinds_host.send(method, path, b"{}" if method in ("POST", "PUT") else None)

    assert (given.status, list(given.value)) == (status, ["error"])


# Nothing that comes over the wire is unpickled


class _Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("path", ["/Kinds/anything", INFER.format("Readings.texts"), INFER.format("Readings.array")])
@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.bentoml+pickle",
        "application/python-pickle",
        "application/x-pickle",
        "application/pickle",
        "application/x-joblib",
        "text/plain",
        "application/json; charset=utf-8",
        "application/octet-stream",
    ],
)
def test_a_pickle_is_never_loaded(kinds_host: HttpHost, tmp_path: Path, path: str, kind: str) -> None:
    canary = tmp_path / "canary"
    given = kinds_host.send("POST", path, pickle.dumps(_Canary(canary)), {"Content-Type": kind})

    is_read = kind.startswith("application/json") or ("octet" in kind and "v2" in path)
    assert given.status == (400 if is_read else 415)
    assert not canary.exists()


def test_a_pickle_inside_a_tensor_is_a_text_or_nothing(kinds_host: HttpHost, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    data = pickle.dumps(_Canary(canary), protocol=0)
    request = {"inputs": [tensor("text", "BYTES", [1], binary_data_size=len(data) + 4)]}
    given = binary(kinds_host, "Readings.texts", request, struct.pack("<I", len(data)) + data)

    assert given.value["outputs"][0]["data"] == [data.decode().upper()]
    assert not canary.exists()
