"""Talks to a host with the published client of Triton, unmodified; runs in an environment of its own.

Prints one JSON object: what came back. The client sends binary tensors unless told otherwise.
"""

import json
import sys

import ml_dtypes
import numpy
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException


def tensor(name, values, datatype, binary=True):
    array = numpy.array(values, dtype=numpy.object_ if datatype == "BYTES" else None)
    if datatype not in ("BYTES",):
        array = array.astype(triton_numpy(datatype))
    made = triton.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def triton_numpy(datatype):
    from tritonclient.utils import triton_to_np_dtype

    return triton_to_np_dtype(datatype)


def plain(result, name="output"):
    array = result.as_numpy(name)
    return [each.decode() if isinstance(each, bytes) else each for each in array.ravel().tolist()], list(array.shape)


def main():
    client = triton.InferenceServerClient(sys.argv[1])
    found = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model_ready": client.is_model_ready("Readings"),
        "version_ready": client.is_model_ready("Readings.texts", "0"),
        "unknown_ready": client.is_model_ready("Nothing"),
        "server": client.get_server_metadata(),
        "model": client.get_model_metadata("Readings.scalar"),
        "index": client.get_model_repository_index(),
    }
    for binary in (True, False):
        for packing in (None, "gzip", "deflate"):
            options = {"request_compression_algorithm": packing, "response_compression_algorithm": packing}
            outputs = [triton.InferRequestedOutput("output", binary_data=binary)]
            texts = client.infer(
                "Readings.texts", [tensor("text", ["ab", "ä"], "BYTES", binary)], outputs=outputs, **options
            )
            array = client.infer("Readings.array", [tensor("x", [[1, 2], [3, 4]], "FP32", binary)], **options)
            found[f"texts {binary} {packing}"] = plain(texts)
            found[f"array {binary} {packing}"] = plain(array)
    found["large"] = plain(
        client.infer(
            "Readings.array",
            [tensor("x", numpy.arange(20000).tolist(), "INT64")],
            response_compression_algorithm="gzip",
        )
    )[0][-1]
    found["half"] = plain(client.infer("Readings.array", [tensor("x", [1.5, 2.5], "FP16")]))
    for datatype in ("BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP64"):
        result = client.infer("Readings.array", [tensor("x", [0, 1], datatype)])
        found[datatype] = plain(result)
    brain = triton.InferInput("x", [2], "BF16")
    brain.set_data_from_numpy(numpy.array([1.0, -2.5], dtype=ml_dtypes.bfloat16))
    found["BF16"] = plain(client.infer("Readings.array", [brain]))
    mixed = [tensor("a", [1.0, 2.0], "FP64", True), tensor("b", [10, 20], "INT32", False)]
    found["frame"] = plain(client.infer("Readings.frame", mixed))
    row = [tensor("x", [1.0], "FP64"), tensor("y", [2.0], "FP64"), tensor("label", ["l"], "BYTES")]
    point = client.infer("Readings.row", row, request_id="mine")
    found["row"] = {name: plain(point, name)[0] for name in ("x", "y", "label")}
    found["id"] = point.get_response()["id"]
    found["model_version"] = point.get_response()["model_version"]
    only = client.infer("Readings.row", row, outputs=[triton.InferRequestedOutput("label")])
    found["only"] = [each["name"] for each in only.get_response()["outputs"]]
    scalars = [tensor("number", [4, 5], "INT64"), tensor("is_negative", [True, False], "BOOL")]
    found["scalar"] = plain(client.infer("Readings.scalar", scalars, model_version="0"))
    found["errors"] = [
        error_of(client, "Nothing", [tensor("x", [1], "INT64")]),
        error_of(client, "Readings.array", [tensor("x", [1], "INT64")], model_version="7"),
        error_of(client, "Readings.scalar", [tensor("number", ["a"], "BYTES")]),
        error_of(client, "Readings.scalar", [tensor("wrong", [1], "INT64")]),
        error_of(
            client, "Readings.array", [tensor("x", [1], "INT64")], outputs=[triton.InferRequestedOutput("nothing")]
        ),
    ]
    found["statistics"] = client.get_inference_statistics("Readings.scalar")["model_stats"]
    found["all_statistics"] = len(client.get_inference_statistics()["model_stats"])
    print(json.dumps(found))


def error_of(client, model, inputs, **named):
    try:
        client.infer(model, inputs, **named)
    except InferenceServerException as error:
        return [error.status(), error.message()]
    return None


main()
