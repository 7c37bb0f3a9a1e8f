"""Which file systems a ledger may lie on."""

import os

from headwater.model.errors import SettingMistake

#: Types on which locks or shared memory do not work between machines, so that SQLite's WAL would be damaged.
NETWORK_TYPES = frozenset(
    [
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse.gcsfuse",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "gfs2",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    ]
)


def refuse_network_folder(folder: str, mounts_file: str = "/proc/self/mounts") -> None:
    """Raise when the folder lies on a network file system; silent where that cannot be found out.

    Raises:
        SettingMistake: names the folder and the type.
    """
    try:
        with open(mounts_file, encoding="utf-8", errors="surrogateescape") as opened:
            mounts = opened.read()
    except OSError:
        return
    kind = filesystem_type(os.path.realpath(folder), mounts)
    if kind in NETWORK_TYPES:
        raise SettingMistake(
            f"the store at {folder} lies on a network file system ({kind})",
            hint="put HEADWATER_HOME on a local disk; machines share a store through a server, not through a folder",
        )


def filesystem_type(path: str, mounts: str) -> str:
    """Give the type of the file system of a real path, from the text of `/proc/self/mounts`; empty when unknown."""
    longest, found = -1, ""
    for line in mounts.splitlines():
        _, point, kind, *_ = line.split(" ")
        point = point.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
        is_below = path == point or path.startswith(point if point.endswith("/") else point + "/")
        # The last of several mounts on one point hides the others.
        if is_below and len(point) >= longest:
            longest, found = len(point), kind
    return found
