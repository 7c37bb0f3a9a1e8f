"""Saves what a step left behind: which attributes are artifacts, what was only read, what is small."""

from collections.abc import Iterable, MappingView
from types import MethodType

import msgspec

from headwater.flow.spec import FlowSpec
from headwater.model.artifact import SMALL_BYTES, SMALL_BYTES_PER_ATTEMPT, Header, Ref
from headwater.model.errors import ArtifactNotStorable
from headwater.model.ids import Digest
from headwater.store.artifacts import ArtifactStore, Saved

# A process that forks has them all once, before its children would each load what they need.
from headwater.store.codecs import arrays, pickled, plain, tables, tensors  # noqa: F401
from headwater.task.scope import AttemptScope

#: Values of these types cannot change: one that was read and not set again need not be looked at.
_IMMUTABLE = frozenset({int, str, float, bool, bytes, complex, type(None)})


class Kept(msgspec.Struct):
    """What an attempt leaves behind."""

    #: Artifacts by name.
    artifacts: dict[str, Ref] = {}
    headers: dict[Digest, Header] = {}
    #: Payloads of small ones.
    small: dict[Digest, bytes] = {}


class Saver:
    """Saves the artifacts of one attempt.

    An artifact is every attribute that the step set, unless its name begins with two underscores or it is one of the
    flow's own methods;
    what the step only read keeps its old reference, also when it was changed to an equal value.
    """

    def __init__(self, flow: FlowSpec, scope: AttemptScope, artifacts: ArtifactStore) -> None:
        self._flow = flow
        self._scope = scope
        self._artifacts = artifacts
        self._small_left = SMALL_BYTES_PER_ATTEMPT
        self._kept = Kept()
        #: Attributes that were saved item by item, with the object that they were then.
        self._itemised: dict[str, tuple[object, Ref]] = {}

    def items(self, name: str, items: Iterable[object]) -> Ref:
        """Save the items of a foreach so that each can be read alone.

        An iterator can be gone through only once, and a view of a dictionary cannot be stored: their attribute is kept
        as the list of its items.
        """
        saved = self._artifacts.save_items(name, items, may_be_small=self._small_left >= SMALL_BYTES)
        self._note(saved)
        if type(items) is list or hasattr(items, "__next__") or isinstance(items, MappingView):
            self._itemised[name] = (items, saved.ref)
        return saved.ref

    def attributes(self, *, is_leaving_out: bool = False) -> Kept:
        """Save what the step left behind, and give it with the items that were saved before.

        Args:
            is_leaving_out: Leave out what cannot be stored, instead of raising.

        Raises:
            ArtifactNotStorable: names the attribute and the path in it.
            DiskFull: names path, needed and free.
        """
        self._kept.artifacts.update(self._scope.adopted)
        values, before = self._to_save()
        while True:
            try:
                saved = self._artifacts.save_many(values, before=before, small_budget=self._small_left)
                break
            except ArtifactNotStorable as refused:
                if not is_leaving_out or refused.attribute not in values:
                    raise
                del values[refused.attribute]
        for name, each in saved.items():
            if not (each.is_unchanged and name in before):
                self._kept.artifacts[name] = each.ref
            self._note(each)
        return self._kept

    def _to_save(self) -> tuple[dict[str, object], dict[str, Ref]]:
        """Give what may have to be written, by name, and the references of what among it was read."""
        flow, scope = self._flow, self._scope
        values: dict[str, object] = {}
        before: dict[str, Ref] = {}
        for name in flow._set_names:
            value = flow.__dict__[name]
            itemised = self._itemised.get(name)
            if itemised is not None and itemised[0] is value:
                self._kept.artifacts[name] = itemised[1]
            elif not name.startswith("__") and not (isinstance(value, MethodType) and value.__self__ is flow):
                values[name] = value
        for name, value in flow._loaded.items():
            if name in values or type(value) in _IMMUTABLE or name not in flow.__dict__:
                continue
            ref = scope.ref(name)
            if ref is not None:
                values[name] = value
                before[name] = ref
        return values, before

    def _note(self, saved: Saved) -> None:
        if saved.header is not None:
            self._kept.headers[saved.ref.digest] = saved.header
        if saved.small is not None:
            self._small_left -= len(saved.small)
            self._kept.small[saved.ref.digest] = saved.small
