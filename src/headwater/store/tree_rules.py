"""Which files belong to the code of a run, told from names and sizes.

What looks like a secret is left out before anything else is asked: no line of an ignore file takes it back in.
"""

import os
import re
import stat

import msgspec

_CODE_BYTES = 4 << 20
_TEXT_BYTES = 512 << 10
#: Largest file of a package that is deployed: it holds data too.
_PACKAGED_BYTES = 64 << 20
_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env", "htmlcov"})
_SECRETS = re.compile(
    r"(\.env.*|.*\.(pem|key|p12|pfx|jks|keystore|kdbx|gpg|asc|ppk)|id_(rsa|dsa|ecdsa|ed25519).*"
    r"|.*credentials.*|.*secrets?\.[a-z]+|\.?netrc|\.?pypirc|\.?pgpass|\.?htpasswd"
    r"|.*service[-_]?account.*\.json|.*\.keytab|kubeconfig.*|.*\.tfstate.*)",
    re.IGNORECASE,
)
#: Text, but data: not a part of the code.
_DATA = r".*\.(csv|tsv|parquet|log|lock|db|sqlite3?)"
#: Written while it is read; in no package either.
_LIVE = r".*\.(log|db|sqlite3?)(-wal|-shm|-journal)?"


class LeftOut(msgspec.Struct, frozen=True):
    """Something that a tree does not hold."""

    #: Path below the root; a folder's ends with a slash.
    path: str
    reason: str
    #: A link to something outside of the root.
    leads_out: bool = False
    #: There are more files, or larger ones, than a tree holds: the code is not whole without it.
    is_beyond_limit: bool = False


def holds_key(content: bytes) -> bool:
    """Say whether a private key is written in a file, whatever its name."""
    return b"PRIVATE KEY-----" in content


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


def why_left_out_name(name: str) -> str | None:
    """Say why a file of this name is left out wherever it lies; None when it is not."""
    if _SECRETS.fullmatch(name) and not name.endswith(".py"):
        return "looks like a secret"
    return "hidden" if name.startswith(".") else None


def leads_out(root: str, path: str) -> bool:
    """Say whether a link below the root leads out of it."""
    return not os.path.realpath(f"{root}/{path}").startswith(f"{root}/")


def why_left_out_file(name: str, found: os.stat_result, *, with_data: bool = False) -> str | None:
    """Say why a file of an allowed name is left out; None when it is not. `found` describes what a link leads to."""
    if stat.S_ISDIR(found.st_mode):
        return "a link to a folder"
    if not stat.S_ISREG(found.st_mode):
        return "not a file"
    limit = _CODE_BYTES if name.endswith(".py") else _PACKAGED_BYTES if with_data else _TEXT_BYTES
    if found.st_size > limit:
        return f"larger than {limit >> 10} KiB"
    if re.fullmatch(_LIVE if with_data else _DATA, name, re.IGNORECASE):
        return "data, not code"
    return None
