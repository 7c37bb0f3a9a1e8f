"""Payloads of small objects that were written or read on this machine: tasks get them from here, server or not.

    small/ab/<digest>    16 bytes BLAKE2b of the payload, the payload

A part that may be lost: what is not here, or not whole, is asked of the server.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping

from headwater.model.ids import Digest
from headwater.model.private_files import make_private_folder, private

FOLDER = "small"
_CHECK_BYTES = 16


class KeptSmall:
    """The small objects of one server that are at hand."""

    def __init__(self, folder: str) -> None:
        """Use a folder, which need not be there yet."""
        self._folder = folder

    def keep(self, payload_by_digest: Mapping[Digest, bytes]) -> None:
        """Put payloads there; silent when the disk does not take them."""
        for digest, payload in payload_by_digest.items():
            path = self._path(digest)
            try:
                if os.path.exists(path) and os.path.getsize(path) == _CHECK_BYTES + len(payload):
                    continue
                make_private_folder(os.path.dirname(path))
                staged = f"{self._folder}/.{digest}-{os.getpid():x}-{os.urandom(4).hex()}"
                with open(staged, "xb", buffering=0, opener=private) as file:
                    file.write(_check(payload) + payload)
                os.replace(staged, path)
            except OSError:
                return

    def find(self, digests: Iterable[Digest]) -> dict[Digest, bytes]:
        """Give those that are here and whole."""
        found = {}
        for digest in digests:
            try:
                with open(self._path(digest), "rb", buffering=0) as file:
                    stored = file.readall()
            except OSError:
                continue
            if _check(stored[_CHECK_BYTES:]) == stored[:_CHECK_BYTES]:
                found[digest] = stored[_CHECK_BYTES:]
        return found

    def _path(self, digest: Digest) -> str:
        return f"{self._folder}/{digest[:2]}/{digest}"


def _check(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_CHECK_BYTES).digest()
