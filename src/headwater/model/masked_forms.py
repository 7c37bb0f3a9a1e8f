"""The ways in which the value of a secret may be written, so that all of them can be found in what is shown."""

import re

#: Values of fewer characters are not looked for: they would be found everywhere.
SHORTEST = 4
#: Lines of a value of several lines that are looked for one by one have at least so many characters.
_SHORTEST_LINE = 16

_PASSWORD_IN_URL = rb"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?#@]*?:(.+)@"
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def forms_of(value: str) -> set[bytes]:
    """Give the value as it is, escaped for JSON, Python and URLs, and in base64 at each of its three alignments.

    Also the password of a value that is an address, and the long lines of one that has several. Empty when the value
    is shorter than `SHORTEST`.
    """
    plain = value.encode("utf-8", "surrogateescape").strip()
    if len(value.strip()) < SHORTEST:
        return set()
    forms = _written(plain)
    address = re.match(_PASSWORD_IN_URL, plain)
    if address is not None:
        for password in (address[1], _unquoted(address[1])):
            if len(password) >= SHORTEST:
                forms |= _written(password)
    if b"\n" in plain:
        lines = (line.strip() for line in plain.split(b"\n"))
        forms.update(line for line in lines if len(line) >= _SHORTEST_LINE)
    return forms


def _written(plain: bytes) -> set[bytes]:
    digits = plain.hex()
    return {plain, digits.encode(), digits.upper().encode()} | _escaped(plain) | _quoted(plain) | _base64(plain)


def _escaped(plain: bytes) -> set[bytes]:
    import json  # needed where there are secrets only

    text = plain.decode("utf-8", "surrogateescape")
    ascii_only = json.dumps(text)[1:-1].encode()
    readable = json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogateescape")
    python = repr(text)[1:-1].encode("utf-8", "surrogateescape")
    return {ascii_only, readable, python, repr(plain)[2:-1].encode()}


def _quoted(plain: bytes) -> set[bytes]:
    """Percent-encode it as the parts of an address are, with large and small digits."""
    forms = set()
    for kept, space in ((b"", b"%20"), (b"/", b"%20"), (b"", b"+")):
        for digits in (b"%%%02X", b"%%%02x"):
            parts = [bytes((byte,)) if byte in _UNRESERVED or byte in kept else digits % byte for byte in plain]
            forms.add(b"".join(space if byte == 0x20 else part for byte, part in zip(plain, parts, strict=True)))
    return forms


def _unquoted(quoted: bytes) -> bytes:
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes((int(found[1], 16),)), quoted)


def _base64(plain: bytes) -> set[bytes]:
    """Encode it alone, and as a part of something longer: the characters that depend on nothing but the value."""
    import base64  # needed where there are secrets only

    forms = {base64.b64encode(plain)}
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + plain)
        first, end = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        forms.add(encoded[first:end])
    return forms | {form.replace(b"+", b"-").replace(b"/", b"_") for form in forms}
