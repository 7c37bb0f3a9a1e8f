"""Calls the endpoints of a loaded service: from a request's bytes to the answer's, whatever the request holds."""

import sys
import time
import traceback
from collections.abc import Sequence
from typing import Any

import msgspec

from headwater.hosting.frames import TENSORS, Answers, Call
from headwater.hosting.problems import RequestRefused, problem
from headwater.hosting.signatures import Signature, size_of
from headwater.hosting.spec import ServiceSpec
from headwater.hosting.tensors import TensorMistake, answer_tensors, read_tensors, tensor_error

_NESTED = "it is nested too deeply"


class Serving:
    """A service in the process that answers for it."""

    def __init__(self, service: ServiceSpec, signatures: dict[str, Signature]) -> None:
        self._service = service
        self._signatures = signatures

    def answer(self, call: Call) -> Answers:
        """Answer all requests of a call; never raises but for what ends the process."""
        signature = self._signatures[call.endpoint]
        if call.form == TENSORS:
            return self._answer_tensors(call, signature)
        arguments: list[Sequence[object]] = []
        items: list[tuple[int, int, bytes, int]] = []
        asked: list[int] = []
        for request, body in call.items:
            try:
                arguments.append(signature.read(body))
                asked.append(request)
            except msgspec.ValidationError as wrong:
                items.append((request, 422, problem(422, str(wrong)), 0))
            except msgspec.DecodeError as wrong:
                items.append((request, 400, problem(400, str(wrong)), 0))
            except RecursionError:
                items.append((request, 400, problem(400, _NESTED), 0))
            except Exception as raised:  # noqa: BLE001 - a type's own checks are the user's code as well
                items.append((request, *_failure(signature, raised), 0))
        seconds = 0.0
        if asked:
            answered, seconds = self._call(signature, arguments)
            items += [(request, *one, 0) for request, one in zip(asked, answered, strict=True)]
        return Answers(items, seconds, len(asked))

    def call(self, endpoint: str, arguments: Sequence[Sequence[object]]) -> list[object]:
        """Call an endpoint once for each of the argument lists (once in all when it gathers calls); gives the answers.

        Raises:
            RequestRefused, or whatever the method raises.
        """
        return self._answers_of(self._signatures[endpoint], arguments)

    def _call(self, signature: Signature, arguments: list[Sequence[object]]) -> tuple[list[tuple[int, bytes]], float]:
        """Give (status, body) for each, and the seconds that the method took."""
        started = time.perf_counter()
        try:
            answers = self._answers_of(signature, arguments)
            seconds = time.perf_counter() - started
            return [(200, signature.write(answer)) for answer in answers], seconds
        except Exception as raised:  # noqa: BLE001 - what a user's method raises is an answer, and the worker lives on
            failed = _failure(signature, raised)
        return [failed] * len(arguments), time.perf_counter() - started

    def _answers_of(self, signature: Signature, arguments: Sequence[Sequence[object]]) -> list[object]:
        method = getattr(self._service, signature.name)
        if signature.mark.batch is None:
            return [method(*one) for one in arguments]
        columns = [[one[place] for one in arguments] for place in range(len(signature.parameters))]
        answers = method(*columns)
        given = _listed(answers)
        if len(given) != len(arguments):
            raise ValueError(f"{len(arguments)} calls were gathered, and {len(given)} answers came back")
        return given

    def _answer_tensors(self, call: Call, signature: Signature) -> Answers:
        (request, body), *_ = call.items
        started = time.perf_counter()
        rows = 1
        try:
            asked = read_tensors(body, call.json_length, signature)
            rows = max(1, len(asked.calls))
            answers: list[object] = []
            step = signature.mark.batch or len(asked.calls) or 1
            for start in range(0, len(asked.calls), step):
                answers += self._answers_of(signature, asked.calls[start : start + step])
            written, json_length = answer_tensors(asked, answers, call.model, call.model_version)
            if asked.calls:
                rows = max(rows, size_of(asked.calls[0][0]) if asked.calls[0] else 1)
            item = (request, 200, written, json_length)
        except TensorMistake as wrong:
            item = (request, 400, tensor_error(str(wrong)), 0)
        except RecursionError:
            item = (request, 400, tensor_error(_NESTED), 0)
        except Exception as raised:  # noqa: BLE001 - as above
            status, _ = _failure(signature, raised)
            failed = "the endpoint cannot use what was sent" if status == 422 else "the endpoint failed"
            text = str(raised) if isinstance(raised, RequestRefused) else failed
            item = (request, 400 if status == 422 else 500, tensor_error(text), 0)
        return Answers([item], time.perf_counter() - started, rows)


def _listed(answers: Any) -> list[object]:
    if isinstance(answers, list):
        return answers
    if hasattr(answers, "tolist"):
        found: list[object] = answers.tolist()
        return found
    return list(answers)


def _failure(signature: Signature, raised: Exception) -> tuple[int, bytes]:
    """Tell the caller that it failed, without a word of the traceback, which goes to the service's log.

    What an array, a frame or an object without a type holds shows only when the method uses it: what Python raises for
    a value that does not fit is then the caller's mistake.
    """
    endpoint = signature.name
    if isinstance(raised, RequestRefused):
        return 422, problem(422, raised.message)
    # The first frames are ours.
    trace = raised.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__name__") == __name__:
        trace = trace.tb_next
    lines = traceback.format_exception(type(raised), raised, trace or raised.__traceback__)
    sys.stderr.write(f"endpoint `{endpoint}` failed\n{''.join(lines)}")
    sys.stderr.flush()
    if signature.is_open and isinstance(raised, ValueError | TypeError | LookupError):
        return 422, problem(422, f"endpoint `{endpoint}` cannot use what was sent: {type(raised).__name__}")
    return 500, problem(500, f"endpoint `{endpoint}` raised {type(raised).__name__}; the service's log says more")
