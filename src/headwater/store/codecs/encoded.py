"""What a codec makes of a value, and what it needs to know to do so."""

from typing import Protocol

import msgspec


class Encoded(msgspec.Struct, frozen=True):
    """A value as bytes."""

    #: Name and version of the codec.
    codec: str
    #: The value without its large buffers.
    in_band: bytes
    #: Buffers that stay where they are: flat byte views of the value's own memory.
    buffers: tuple[memoryview, ...] = ()


class Naming(msgspec.Struct, frozen=True):
    """How names that only hold in this process are written."""

    #: Canonical name of the module that runs as `__main__`; None when nothing is known of it.
    main_module: str | None = None

    def canonical(self, name: str) -> str:
        """Give the name of a class as other processes would: `churn.Score` for `__main__.Score`."""
        return f"{self.main_module}{name[8:]}" if self.main_module and name.startswith("__main__.") else name


class Codec(Protocol):
    """Turns values of some types into bytes and back."""

    #: Name and version; a version that can be read is never changed.
    name: str

    def encode(self, value: object, naming: Naming) -> Encoded | None:
        """Give the value as bytes; None when this codec does not take it."""

    def decode(self, in_band: memoryview, buffers: list[memoryview]) -> object:
        """Give the value back; the buffers are private and writable, and the value may keep them."""
