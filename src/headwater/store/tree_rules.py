"""Which files belong to the code of a run, told from names and sizes."""

import os
import re
import stat

import msgspec

_CODE_BYTES = 4 << 20
_TEXT_BYTES = 512 << 10
_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env", "htmlcov"})
_SECRETS = re.compile(
    r"(\.env.*|.*\.(pem|key|p12|pfx|jks|keystore|kdbx|gpg|asc|ppk)|id_(rsa|dsa|ecdsa|ed25519).*"
    r"|.*credentials.*|.*secrets?\.[a-z]+|\.?netrc|\.?pypirc|\.?pgpass|\.?htpasswd)",
    re.IGNORECASE,
)
#: Text, but data: not a part of the code.
_DATA = re.compile(r".*\.(csv|tsv|parquet|log|lock|db|sqlite3?)", re.IGNORECASE)


class LeftOut(msgspec.Struct, frozen=True):
    """Something that a tree does not hold."""

    #: Path below the root; a folder's ends with a slash.
    path: str
    reason: str


def why_left_out_folder(path: str, name: str) -> str | None:
    """Say why a folder is left out; None when it is not."""
    if name.startswith("."):
        return "hidden"
    if name in _FOLDERS or name.endswith(".egg-info"):
        return "made by tools"
    if os.path.exists(f"{path}/pyvenv.cfg"):
        return "a virtual environment"
    if os.path.exists(f"{path}/ledger.db"):
        return "a store of Headwater"
    return None


def why_left_out_file(root: str, path: str, found: os.stat_result) -> str | None:
    """Say why a file is left out; None when it is not. `found` describes what a link leads to."""
    name = path.rpartition("/")[2]
    if _SECRETS.fullmatch(name) and not name.endswith(".py"):
        return "looks like a secret"
    if name.startswith("."):
        return "hidden"
    if not stat.S_ISREG(found.st_mode):
        return "not a file"
    target = f"{root}/{path}"
    if os.path.islink(target) and not os.path.realpath(target).startswith(f"{root}/"):
        return "a link that leads out of the folder"
    limit = _CODE_BYTES if name.endswith(".py") else _TEXT_BYTES
    if found.st_size > limit:
        return f"larger than {limit >> 10} KiB"
    if _DATA.fullmatch(name):
        return "data, not code"
    return None
