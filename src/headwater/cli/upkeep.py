"""What `fsck` and `gc` share: everything stored that some run or record holds."""

from collections.abc import Iterator

from headwater.home import Home
from headwater.model.errors import ArtifactDamaged, ArtifactMissing, FormatUnknown
from headwater.model.ids import Digest
from headwater.store.fsck import Reference, reference_of_object, references_of_artifact, references_of_tree
from headwater.store.trees import objects_of_tree


def needed_objects(home: Home) -> Iterator[Reference]:
    """List every object that a run (its artifacts, parameters, code) or a record holds, with what holds it."""
    trees: set[Digest] = set()
    for held in home.ledger.references():
        if held.ref is not None:
            yield from references_of_artifact(held.path, held.ref)
        if held.tree is not None and held.tree not in trees:
            trees.add(held.tree)
            yield from references_of_tree(home.objects, held.path, held.tree)
        if held.object is not None:
            yield reference_of_object(held.path, held.object)


def small_roots(home: Home) -> dict[Digest, str]:
    """Give the small objects that are needed, which are rows of the ledger, each with what needs it."""
    return {
        held.ref.digest: held.path for held in home.ledger.references() if held.ref is not None and held.ref.is_small
    }


def reachable(home: Home) -> set[Digest]:
    """Give every object that must stay.

    Raises:
        ArtifactMissing, ArtifactDamaged, FormatUnknown: a listing of files does not read, so that its files cannot be
            told from those that nothing needs; the hint names what holds it.
    """
    needed: set[Digest] = set()
    trees: set[Digest] = set()
    for held in home.ledger.references():
        if held.ref is not None:
            needed.update((held.ref.digest, *held.ref.buffers))
        if held.tree is not None and held.tree not in trees:
            trees.add(held.tree)
            needed.update(_tree(home, held.path, held.tree))
        if held.object is not None:
            needed.add(held.object)
    return needed


def _tree(home: Home, holder: str, tree: Digest) -> Iterator[Digest]:
    try:
        yield from objects_of_tree(home.objects, tree)
    except (ArtifactMissing, ArtifactDamaged, FormatUnknown) as error:
        error.hint = f"nothing is removed while the files of {holder} do not read; `headwater fsck` says what is wrong"
        raise
