"""Short, safe texts for the local variables of a failed step."""

import reprlib
import sys
import time
from collections.abc import Mapping

from headwater.model.masking import masked, masked_bytes_start, masked_start

#: Longest text of one value, in characters.
LENGTH = 200
#: Most names of one frame.
NAMES = 30
#: Once a frame's previews took this long, the rest are left out.
SECONDS = 0.5

_SECRET_WORDS = (
    "passw",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "auth",
    "bearer",
    "cookie",
    "pwd",
)
_MASKED = "***"


def preview_locals(variables: Mapping[str, object]) -> dict[str, str]:
    """Give a short text for each variable, in order; never raises.

    Values under names that sound like a secret are masked, also inside dictionaries.
    """
    texts: dict[str, str] = {}
    started = time.perf_counter()
    for name, value in list(variables.items()):
        if name.startswith("__") or _is_code(value):
            continue
        if len(texts) == NAMES or time.perf_counter() - started > SECONDS:
            texts["..."] = "more names left out"
            break
        texts[name] = _MASKED if sounds_secret(name) else preview(value)
    return texts


def preview(value: object) -> str:
    """Give a text of at most `LENGTH` characters; never raises."""
    try:
        shape = _shape(value)
        text = masked(shape if shape is not None else _Short().repr(value))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's `__repr__` may raise anything
        text = f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= LENGTH else text[: LENGTH - 3] + "..."


def sounds_secret(name: str) -> bool:
    """Say whether a value under this name had better not be shown."""
    plain = name.lower().replace("_", "").replace("-", "")
    return any(word in plain for word in _SECRET_WORDS)


def _is_code(value: object) -> bool:
    return type(value).__name__ in {"module", "function", "builtin_function_or_method", "type"}


def _shape(value: object) -> str | None:
    """Describe arrays and frames by their shape: their repr is long, and slow for some."""
    if isinstance(value, (type, str, bytes, int, float, dict, list, tuple, set)):
        return None
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or not all(isinstance(size, int) for size in shape) or not shape:
        return None
    dtype = getattr(value, "dtype", None)
    suffix = f", dtype={dtype}" if dtype is not None and not callable(dtype) else ""
    return f"<{type(value).__name__}, shape={shape}{suffix}>"


class _Short(reprlib.Repr):
    """A repr whose cost does not grow with the value."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxlong = LENGTH
        # `repr_instance` cuts by itself.
        self.maxother = sys.maxsize
        self.maxlevel = 4
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = 8

    # What is cut is masked before: the beginning of a secret is no less secret.

    def repr_str(self, text: str, level: int) -> str:
        text = masked_start(text, LENGTH + 1)
        return repr(text) if len(text) <= LENGTH else repr(text[:LENGTH]) + "..."

    def repr_bytes(self, value: bytes, level: int) -> str:
        value = bytes(masked_bytes_start(value, LENGTH + 1))
        return repr(value) if len(value) <= LENGTH else repr(value[:LENGTH]) + "..."

    def repr_bytearray(self, value: bytearray, level: int) -> str:
        return f"bytearray({self.repr_bytes(bytes(masked_bytes_start(value, LENGTH + 1)[: LENGTH + 1]), level)})"

    def repr_dict(self, value: dict[object, object], level: int) -> str:
        if level <= 0:
            return "{...}"
        parts = []
        for number, (key, item) in enumerate(value.items()):
            if number == self.maxdict:
                parts.append("...")
                break
            is_secret = isinstance(key, str) and sounds_secret(key)
            shown = _MASKED if is_secret else self.repr1(item, level - 1)
            parts.append(f"{self.repr1(key, level - 1)}: {shown}")
        return "{" + ", ".join(parts) + "}"

    def repr_defaultdict(self, value: dict[object, object], level: int) -> str:
        return f"defaultdict({self.repr_dict(value, level)})"

    def repr_OrderedDict(self, value: dict[object, object], level: int) -> str:
        return f"OrderedDict({self.repr_dict(value, level)})"

    def repr__Environ(self, value: Mapping[str, str], level: int) -> str:
        return f"<environment, {len(value)} variables>"

    def repr_instance(self, value: object, level: int) -> str:
        shape = _shape(value)
        if shape is not None:
            return shape
        text = masked(super().repr_instance(value, level))
        return text if len(text) <= LENGTH else text[: (LENGTH - 3) // 2] + "..." + text[-(LENGTH - 2) // 2 :]
