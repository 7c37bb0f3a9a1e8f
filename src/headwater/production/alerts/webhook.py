"""Posts an alert to a webhook: one request, no redirect followed, no proxy used, little of the answer read."""

import socket
from urllib.parse import SplitResult, urlsplit

import msgspec

from headwater.model.alert import Alert
from headwater.model.errors import AlertNotDelivered
from headwater.production.alerts.addresses import find_destination
from headwater.production.alerts.channels import Webhook
from headwater.production.alerts.connecting import connect, secured, trust
from headwater.production.alerts.limits import Deadline, Limits
from headwater.production.alerts.text import message_id

#: Bytes of an answer that are read at most.
_ANSWER_BYTES = 16 * 1024
#: Longest pause in what comes after the status: it says nothing that is needed.
_BODY_SECONDS = 1.0
#: Longest text that chats take; theirs end at about 40,000 characters.
_LONGEST_TEXT = 12_000


def post(channel: Webhook, alert: Alert, limits: Limits) -> str:
    """Post an alert, and give the status and what was said with it.

    Raises:
        AlertNotDelivered: refused, not reached, or not understood.
        TimeoutError: the time is over.
    """
    deadline = Deadline(limits.seconds)
    parts = urlsplit(channel.url)
    host, is_secure = parts.hostname or "", parts.scheme == "https"
    destination = find_destination(
        host,
        parts.port or (443 if is_secure else 80),
        is_private_allowed=limits.is_private_allowed,
        ask=limits.ask,
    )
    connection = connect(destination, deadline)
    try:
        if is_secure:
            connection = secured(connection, host, trust(limits.certificates), deadline)
        connection.settimeout(deadline.left())
        connection.sendall(_request(parts, channel, alert))
        answer = _read_answer(connection, deadline)
    finally:
        connection.close()
    return _judge(answer, host)


def slack_text(alert: Alert) -> str:
    """Give the alert as the text of a chat: nothing in it is markup, a mention or a link."""
    title, body = (text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for text in _texts(alert))
    return f"*{title}*\n```\n{body}\n```" if body else f"*{title}*"


def _texts(alert: Alert) -> tuple[str, str]:
    body = alert.text.replace("```", "'''")
    cut = body if len(body) <= _LONGEST_TEXT else body[:_LONGEST_TEXT] + "\n..."
    return alert.title.replace("*", "\u2217"), cut


def _request(parts: SplitResult, channel: Webhook, alert: Alert) -> bytes:
    body = msgspec.json.encode({"text": slack_text(alert)})
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Host": parts.netloc,
        "User-Agent": "headwater",
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
        "Idempotency-Key": message_id(alert),
        "Connection": "close",
        **channel.headers,
    }
    head = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if any(letter in line for line in head for letter in "\r\n\0"):
        raise AlertNotDelivered("its address or a header holds a line end")
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


def _read_answer(connection: socket.socket, deadline: Deadline) -> bytes:
    """Read to the end, or until there is enough to tell."""
    answer = b""
    while len(answer) < _ANSWER_BYTES:
        left = deadline.left()
        connection.settimeout(min(left, _BODY_SECONDS) if _is_answered(answer) else left)
        try:
            piece = connection.recv(4096)
        except TimeoutError:
            if _is_answered(answer):
                break
            raise
        if not piece:
            break
        answer += piece
        if _is_whole(answer):
            break
    return answer


def _is_answered(answer: bytes) -> bool:
    return b"\r\n\r\n" in answer


def _is_whole(answer: bytes) -> bool:
    """Tell whether all that was announced is there; False also when nothing was announced."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return len(body) >= int(value.strip()[:9])
    return False


def _judge(answer: bytes, host: str) -> str:
    head, end, body = answer.partition(b"\r\n\r\n")
    words = [*head.split(b"\r\n")[0].split(b" ", 2), b""]
    if not end or not words[0].startswith(b"HTTP/1.") or not (words[1].isdigit() and len(words[1]) == 3):
        raise AlertNotDelivered(f"{host} did not answer as a web server does")
    said = " ".join(body.decode("utf-8", "replace").split())[:200]
    status = int(words[1])
    text = f"{status}" + (f": {said}" if said else "")
    if 200 <= status < 300:
        return text
    if 300 <= status < 400:
        raise AlertNotDelivered(f"{host} answered {status}, a redirect, which is not followed")
    raise AlertNotDelivered(f"{host} answered {text}")
