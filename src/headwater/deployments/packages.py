"""Packages of deployments, laid out: the files from which their runs import, whatever happens to the checkout."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from headwater.home import Home
from headwater.model.deployment import Deployment
from headwater.model.errors import ArtifactDamaged, ArtifactMissing, InternalError, PackageDamaged
from headwater.model.failpoints import failpoint
from headwater.model.ids import Digest
from headwater.model.private_files import make_private_folder
from headwater.store.trees import Listing, materialise, read_tree, verify_tree

#: How `verify_tree` ends what it says of a further file.
_ADDED = " was added"
#: What Python would import before, or instead of, the package's own.
_IMPORTED = (".py", ".pyc", ".so", ".pth")
_READ_ONLY, _READ_ONLY_PROGRAM = 0o400, 0o500

#: Makes the error of a damaged file.
_Damaged = Callable[[str, ArtifactMissing | ArtifactDamaged], PackageDamaged]


def folder_of_tree(home: Home, tree: Digest) -> str:
    """Give the folder of a package, whether it is laid out already or not."""
    return os.path.join(packages_root(home), tree)


def packages_root(home: Home) -> str:
    """Give the folder of all packages that are laid out."""
    return os.path.join(home.path, "packages")


def package_folder(home: Home, deployment: Deployment) -> str:
    """Give the folder with a deployment's package, verified: it holds the files that were deployed and no other code.

    It is laid out when it is not there, and again when it was changed and the store's own objects are whole. Several
    processes may do so at once. Reads and hashes every file.

    Raises:
        PackageDamaged: names the file.
    """
    if deployment.code.tree is None:
        raise InternalError(f"{deployment.name}, deployment {deployment.number} has no package")
    name = f"{deployment.name}, deployment {deployment.number}"
    return lay_out_tree(home, deployment.code.tree, name, os.path.join(deployment.code.root, deployment.code.file))


def lay_out_tree(home: Home, tree: Digest, name: str, checkout: str) -> str:
    """As `package_folder`, for any package.

    Args:
        home: the store.
        tree: the package.
        name: whose it is, for messages.
        checkout: file that was deployed, for messages.

    Raises:
        PackageDamaged: names the file.
    """
    folder = folder_of_tree(home, tree)
    try:
        listing = read_tree(home.objects, tree)
    except (ArtifactMissing, ArtifactDamaged) as error:
        raise _damaged(name, checkout, "its list of files", error) from error
    if not _is_used(home, tree, folder):
        with laying_out_alone(home):
            if not _is_used(home, tree, folder):
                _lay_out(home, tree, listing, folder, lambda path, error: _damaged(name, checkout, path, error))
    return folder


def _is_used(home: Home, tree: Digest, folder: str) -> bool:
    """Take the copy into use if it is whole: its time tells `gc` that it is."""
    try:
        os.utime(folder)
    except FileNotFoundError:
        return False
    return _is_whole(home, tree, folder)


def _is_whole(home: Home, tree: Digest, folder: str) -> bool:
    """Tell whether every file is as it was deployed, and no code was added; what runs wrote beside it is theirs."""
    found = verify_tree(home.objects, tree, folder)
    return not any(not each.endswith(_ADDED) or each.removesuffix(_ADDED).endswith(_IMPORTED) for each in found)


@contextmanager
def laying_out_alone(home: Home) -> Iterator[None]:
    """Keep others from laying packages out inside the block, so that nobody takes away what another has just made."""
    folder = packages_root(home)
    make_private_folder(folder)
    # flock, unlike the record locks of the ledger, also keeps threads of one process apart.
    descriptor = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _lay_out(home: Home, tree: Digest, listing: Listing, folder: str, damaged: _Damaged) -> None:
    for path, file in listing.files.items():
        try:
            home.objects.map_raw(file.digest)
        except (ArtifactMissing, ArtifactDamaged) as error:
            raise damaged(path, error) from error
    if os.path.isdir(folder):
        _remove(folder)
    materialise(home.objects, tree, folder)
    failpoint("deployments.after_layout")
    for path, file in listing.files.items():
        os.chmod(f"{folder}/{path}", _READ_ONLY_PROGRAM if file.is_executable else _READ_ONLY)


def _remove(folder: str) -> None:
    """Remove a changed copy; it vanishes at once, never file by file."""
    gone = f"{folder}.{os.getpid()}-{os.urandom(4).hex()}"
    os.rename(folder, gone)
    shutil.rmtree(gone, ignore_errors=True)


def _damaged(name: str, checkout: str, file: str, error: ArtifactMissing | ArtifactDamaged) -> PackageDamaged:
    return PackageDamaged(
        f"the package of {name} is damaged: {file}: {error.message}",
        hint=f"`headwater deploy {checkout}` heals it when the files are as they were",
    )
