"""Writes into the generated types which description of the API they were made from: a test can tell their age."""

import hashlib
import json
import sys
from pathlib import Path

TYPES = Path(__file__).parents[1] / "src" / "api" / "schema.d.ts"


def digest_of(described: object) -> str:
    """Give a digest of a description of the API without its prose."""
    return hashlib.sha256(json.dumps(_bare(described), sort_keys=True).encode()).hexdigest()


def _bare(part: object) -> object:
    if isinstance(part, list):
        return [_bare(each) for each in part]
    if not isinstance(part, dict):
        return part
    prose = {name for name in ("description", "summary") if isinstance(part.get(name), str)}
    return {name: _bare(each) for name, each in part.items() if name not in prose}


if __name__ == "__main__":
    digest = digest_of(json.loads(Path(sys.argv[1]).read_text()))
    TYPES.write_text(f"// API {digest}: `npm run api` makes this file anew\n{TYPES.read_text()}")
