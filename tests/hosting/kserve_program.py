"""Talks to a host with the published client of KServe, unmodified; runs in an environment of its own.

Prints one JSON object: what came back.
"""

import asyncio
import json
import sys

import httpx
import numpy
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig


async def main():
    url = sys.argv[1]
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=0))
    found = {
        "live": await client.is_server_live(url),
        "ready": await client.is_server_ready(url),
        "model_ready": await client.is_model_ready(url, "Readings"),
    }
    for binary in (False, True):
        texts = InferInput("text", [2], "BYTES")
        texts.set_data_from_numpy(numpy.array(["ab", "cd"], dtype=object), binary_data=binary)
        answer = await client.infer(url, InferRequest("Readings.texts", [texts]), model_name="Readings.texts")
        found[f"texts {binary}"] = [as_text(each) for each in answer.outputs[0].as_numpy().tolist()]
        values = InferInput("x", [2, 2], "FP32")
        values.set_data_from_numpy(numpy.array([[1, 2], [3, 4]], dtype=numpy.float32), binary_data=binary)
        asked = InferRequest("Readings.array", [values], request_id="mine")
        answer = await client.infer(url, asked, model_name="Readings.array")
        found[f"array {binary}"] = [answer.id, answer.model_name, answer.outputs[0].as_numpy().tolist()]
    try:
        await client.infer(url, InferRequest("Nothing", [values]), model_name="Nothing")
    except httpx.HTTPStatusError as error:
        found["error"] = str(error)
    await client.close()
    print(json.dumps(found))


def as_text(value):
    return value.decode() if isinstance(value, bytes) else value


asyncio.run(main())
