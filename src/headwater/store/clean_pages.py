"""Which mapped buffers nobody has written to since they were mapped.

A page of a private file mapping that was written to is a page of the process's own (anonymous); all others still
show the file. The kernel says which in `/proc/self/pagemap` (8 bytes a page; documented in
https://docs.kernel.org/admin-guide/mm/pagemap.html): bit 63 present, 62 swapped, 61 page of a file. Where that file
cannot be read nothing counts as clean.
"""

import os
import sys
import weakref
from mmap import PAGESIZE, mmap

import msgspec

from headwater.model.ids import Digest

#: Top bytes of an entry that stand for "not written": neither present nor swapped, or present and of a file.
_CLEAN = bytes(byte for byte in range(256) if not byte & 0xC0 or (byte & 0xE0) == 0xA0)
_ENTRY_BYTES = 8


class _Mapped(msgspec.Struct, frozen=True):
    """A buffer in memory."""

    mapping: "weakref.ref[mmap]"
    size: int
    digest: Digest


class CleanPages:
    """Remembers what was mapped where, for as long as somebody uses it."""

    def __init__(self) -> None:
        self._by_address: dict[int, _Mapped] = {}

    def add(self, view: memoryview, digest: Digest) -> None:
        """Remember a freshly mapped object."""
        if isinstance(view.obj, mmap):
            address = _address(view)
            if address is not None:
                self._by_address[address] = _Mapped(weakref.ref(view.obj), view.nbytes, digest)

    def digest_of(self, view: memoryview) -> Digest | None:
        """Give the digest of a buffer that is a whole mapped object and was not written to; None = not known."""
        if not self._by_address:
            return None
        address = _address(view)
        mapped = None if address is None else self._by_address.get(address)
        if address is None or mapped is None or mapped.size != view.nbytes:
            return None
        if mapped.mapping() is None:
            del self._by_address[address]
            return None
        return mapped.digest if _is_clean(address, mapped.size) else None

    def is_known(self, view: memoryview, digest: Digest) -> bool:
        """Tell whether a view is a mapped object with this digest, without looking at its pages again."""
        address = _address(view) if self._by_address else None
        mapped = None if address is None else self._by_address.get(address)
        return (
            mapped is not None
            and mapped.size == view.nbytes
            and mapped.digest == digest
            and mapped.mapping() is not None
        )


def _address(view: memoryview) -> int | None:
    """Say where a view's memory is."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        return int(numpy.frombuffer(view, numpy.uint8).ctypes.data)
    if view.readonly:
        return None
    import ctypes

    return ctypes.addressof(ctypes.c_char.from_buffer(view))


def _is_clean(address: int, size: int) -> bool:
    first = address // PAGESIZE
    count = -(-(address + size) // PAGESIZE) - first
    try:
        descriptor = os.open("/proc/self/pagemap", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        entries = os.pread(descriptor, count * _ENTRY_BYTES, first * _ENTRY_BYTES)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    if len(entries) != count * _ENTRY_BYTES:
        return False
    tops = entries[_ENTRY_BYTES - 1 :: _ENTRY_BYTES] if sys.byteorder == "little" else entries[::_ENTRY_BYTES]
    return not tops.translate(None, _CLEAN)
