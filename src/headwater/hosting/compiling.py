"""Compiles a service in a process of its own: the code's place comes on standard input, the definition goes out."""

import os
import sys

import msgspec

from headwater.hosting.compile import compile_service
from headwater.hosting.loading import find_service
from headwater.model.errors import HeadwaterError
from headwater.model.order import CodeSource


def main() -> None:
    """Read, compile, write; what is wrong goes to standard error."""
    code = msgspec.json.decode(sys.stdin.buffer.read(), type=CodeSource)
    # What the module prints while it is imported is not the definition.
    output = os.dup(1)
    os.dup2(2, 1)
    try:
        definition = compile_service(find_service(code), code).definition
    except HeadwaterError as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is how a process speaks
        sys.exit(2)
    os.write(output, msgspec.json.encode(definition))


if __name__ == "__main__":
    main()
