"""Makes a request of each endpoint out of the reference data, for the form page: real input says most."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from headwater.hosting.signatures import Signature
from headwater.hosting.values import to_json

#: Bytes of a request that is still an example.
_LONGEST = 8000


def examples_from(reference: Any, signatures: Mapping[str, Signature]) -> dict[str, msgspec.Raw]:
    """Give a request by endpoint, made of the first item of the reference; endpoints that it does not fit are left out.

    Args:
        reference: an array, a frame, or a list of texts, numbers or rows.
        signatures: the endpoints.
    """
    try:
        item = _first(reference)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        return {}
    found = {name: _request(item, signature) for name, signature in signatures.items()}
    return {name: request for name, request in found.items() if request is not None}


def _request(item: object, signature: Signature) -> msgspec.Raw | None:
    for arguments in _arguments(item, signature):
        try:
            body = msgspec.json.encode(arguments, enc_hook=to_json)
            signature.read(body)
        except (msgspec.DecodeError, TypeError, ValueError, NotImplementedError, RecursionError):
            continue
        if len(body) <= _LONGEST:
            return msgspec.Raw(body)
    return None


def _arguments(item: object, signature: Signature) -> Iterator[dict[str, object]]:
    """Ways to give an item to an endpoint, the likeliest first."""
    names = signature.parameters
    needed = [name for name in names if name not in signature.defaults]
    if isinstance(item, dict) and needed and set(needed) <= set(item):
        yield {name: item[name] for name in names if name in item}
    if len(needed) == 1:
        yield {needed[0]: item}
        yield {needed[0]: [item]}


def _first(reference: Any) -> object:
    if hasattr(reference, "iloc"):
        first = reference.iloc[0]
        return dict(first) if hasattr(reference, "columns") else first
    if isinstance(reference, dict):
        return {name: column[0] for name, column in reference.items()}
    return reference[0]
