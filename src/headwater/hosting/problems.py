"""Answers that say what is wrong with a request: `application/problem+json` (RFC 9457)."""

import msgspec

from headwater.model.errors import UserMistake

_TITLES = {
    400: "Malformed request",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "The request took too long to come",
    411: "Length required",
    413: "Too large",
    415: "Unsupported media type",
    421: "Wrong host",
    422: "The request does not fit the endpoint",
    429: "Too many requests",
    431: "The head is too long",
    500: "The endpoint failed",
    501: "Not supported",
    502: "The worker that had the request is gone",
    503: "Not ready",
    504: "The endpoint took too long",
}


class RequestRefused(UserMistake):
    """Raised by an endpoint's own code: the request makes no sense, which its sender should know (422)."""


def problem(status: int, detail: str) -> bytes:
    """Give the body of an answer with this status; `detail` is for the caller, without anything of our inside."""
    title = _TITLES.get(status, "Error")
    return msgspec.json.encode({"type": "about:blank", "title": title, "status": status, "detail": detail})
