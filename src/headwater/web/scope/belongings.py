"""Which objects a caller may read, and so refer to: knowing a digest gives no right to what it names.

Readable is what something visible to the caller holds (a run, a deployment, a tree of files that one of these holds),
and what the caller put there. Whatever is committed must refer to readable objects only; else anybody who heard of a
digest could make a run that holds it, and read it through that run.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from headwater.ledger.sqlite import SqliteLedger
from headwater.model.errors import ArtifactDamaged, ArtifactMissing, FormatUnknown
from headwater.model.ids import Digest
from headwater.model.private_files import make_private_folder
from headwater.store.keys import is_digest
from headwater.store.objects import ObjectStore
from headwater.store.trees import read_listing
from headwater.web.access import ALL, Access
from headwater.web.scope.visible import PRIVATE, Projects, Sight

FOLDER = "put"
#: Seconds for which it is remembered who sent an object.
_REMEMBERED_SECONDS = 7 * 86400.0
#: Trees whose files are known; one of a thousand files takes about 100 KiB.
_MOST_TREES = 2000


class Belongings:
    """Knows what holds which object. One for all callers."""

    def __init__(self, ledger: SqliteLedger, objects: ObjectStore, home: str, projects: Projects) -> None:
        """Take what it needs.

        Args:
            ledger: the whole one.
            objects: the store.
            home: its folder.
            projects: knows the projects of runs and records.
        """
        self._ledger = ledger
        self._objects = objects
        self._folder = os.path.join(home, FOLDER)
        self._projects = projects
        self._mutex = threading.Lock()
        self._files_by_tree: OrderedDict[Digest, frozenset[Digest]] = OrderedDict()

    def readable(self, access: Access, digests: Iterable[Digest]) -> set[Digest]:
        """Give those of these objects that a caller may read."""
        wanted = {digest for digest in digests if is_digest(digest)}
        sight = Sight(access, self._projects)
        if sight.is_whole:
            return wanted
        return {digest for digest in wanted if self._is_put(access.user, digest) or self._is_held(sight, digest)}

    def is_known(self, digest: Digest) -> bool:
        """Whether anything at all holds an object."""
        return is_digest(digest) and bool(self._ledger.direct_holders_of(digest))

    def note_put(self, access: Access, digest: Digest) -> None:
        """Remember that somebody had the bytes of an object; who sees everything need not prove it."""
        if ALL in access.roles:
            return
        folder = self._folder_of(access.user)
        make_private_folder(folder)
        os.close(os.open(os.path.join(folder, digest), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def forget_old(self, now: float) -> None:
        """Forget who sent what a week ago: what was committed since is readable through what holds it."""
        for folder, _, names in os.walk(self._folder):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    if os.stat(path).st_mtime < now - _REMEMBERED_SECONDS:
                        os.unlink(path)
                except FileNotFoundError:
                    continue

    def require(self, access: Access, digests: Sequence[Digest]) -> None:
        """Refuse what refers to objects that are not there, or not readable: both look the same.

        Raises:
            ArtifactMissing: names the first of them.
        """
        readable = self.readable(access, digests)
        for digest in digests:
            # Made as new as if it had been written now: no sweep takes it before the commit.
            if digest not in readable or not self._objects.renew(digest):
                raise ArtifactMissing(digest, hint="it must be sent before anything refers to it")

    def require_tree(self, access: Access, tree: Digest) -> None:
        """As `require`, for a tree and, unless it is held by something visible already, for all its files."""
        self.require(access, [tree])
        files = sorted(self._files_of(tree))
        for digest in files:
            if not self._objects.is_there(digest):
                raise ArtifactMissing(digest, hint="it must be sent before anything refers to it")
        sight = Sight(access, self._projects)
        if not sight.is_whole and not self._is_held_directly(sight, tree):
            self.require(access, files)

    def _is_put(self, user: str, digest: Digest) -> bool:
        return os.path.exists(os.path.join(self._folder_of(user), digest))

    def _folder_of(self, user: str) -> str:
        return os.path.join(self._folder, hashlib.sha256(user.encode()).hexdigest()[:32])

    def _is_held(self, sight: Sight, digest: Digest) -> bool:
        return self._is_held_directly(sight, digest) or self._is_held_by_tree(sight, digest)

    def _is_held_directly(self, sight: Sight, digest: Digest) -> bool:
        for holder in self._ledger.holders_of(digest):
            if holder.project is not None:
                if sight.sees(holder.project):
                    return True
            elif holder.kind not in PRIVATE:
                record = self._ledger.record(holder.kind, holder.key)
                if record is not None and sight.sees_record(record):
                    return True
        return False

    def _is_held_by_tree(self, sight: Sight, digest: Digest) -> bool:
        for _ in range(2):
            with self._mutex:
                trees = [tree for tree, files in self._files_by_tree.items() if digest in files]
            if any(self._is_held_directly(sight, tree) for tree in trees):
                return True
            if not self._learn_trees():
                return False
        return False

    def _learn_trees(self) -> bool:
        """Look into the trees that are held and not known yet; False when all are known."""
        held = {each.tree for each in self._ledger.references() if each.tree is not None}
        with self._mutex:
            unknown = sorted(held - set(self._files_by_tree))[:_MOST_TREES]
        for tree in unknown:
            self._files_of(tree)
        return bool(unknown)

    def _files_of(self, tree: Digest) -> frozenset[Digest]:
        with self._mutex:
            known = self._files_by_tree.get(tree)
        if known is not None:
            return known
        try:
            files = frozenset(read_listing(self._objects, tree).values())
        except (ArtifactMissing, ArtifactDamaged, FormatUnknown):
            return frozenset()
        with self._mutex:
            self._files_by_tree[tree] = files
            if len(self._files_by_tree) > _MOST_TREES:
                self._files_by_tree.popitem(last=False)
        return files
