"""`self.merge_artifacts(inputs)`: takes over by reference what the inputs of a join agree on."""

from collections.abc import Iterable, Sequence

from headwater.flow.scope import InputView, Scope
from headwater.model.artifact import Ref
from headwater.model.errors import MergeConflict, MergeMissing, UserMistake


def merge(
    flow: object,
    scope: Scope | None,
    inputs: Iterable[InputView],
    *,
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
) -> None:
    """Adopt the artifacts on which all inputs that have them agree, all or none; see `FlowSpec.merge_artifacts`."""
    if include and exclude:
        hint = "`include` names all that is taken, so nothing is left to exclude"
        raise UserMistake("`merge_artifacts` takes `include` or `exclude`, not both", hint=hint)
    if scope is None or not _are_inputs(inputs):
        hint = "call it in a step that takes `(self, inputs)`, with those inputs"
        raise UserMistake("`merge_artifacts` works in a join only", hint=hint)
    found: dict[str, Ref] = {}
    conflicts: set[str] = set()
    for each in inputs:
        for name, ref in each._artifact_refs().items():
            if name in exclude or (include and name not in include) or _is_set(flow, scope, name):
                continue
            if found.setdefault(name, ref).digest != ref.digest:
                conflicts.add(name)
    missing = [name for name in dict.fromkeys(include) if name not in found and not _is_set(flow, scope, name)]
    _refuse(missing, sorted(conflicts))
    for name, ref in found.items():
        scope.adopt(name, ref)


def _is_set(flow: object, scope: Scope, name: str) -> bool:
    return name in vars(flow) or scope.is_read_only(name) or scope.ref(name) is not None


def _are_inputs(inputs: object) -> bool:
    if isinstance(inputs, str | bytes) or not isinstance(inputs, Iterable):
        return False
    first = next(iter(inputs), None)
    return first is not None and hasattr(type(first), "_artifact_refs")


def _refuse(missing: list[str], conflicts: list[str]) -> None:
    if missing:
        raise MergeMissing(f"`merge_artifacts(include=...)`: no input has {_listed(missing)}", missing)
    if conflicts:
        raise MergeConflict(
            f"`merge_artifacts`: the inputs have different values of {_listed(conflicts)}; nothing was merged",
            conflicts,
            hint="set them on `self` before the call, or name them in `exclude`",
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
