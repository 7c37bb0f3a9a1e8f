"""Parameters of deployments as artifacts: kept, and converted without importing the flow."""

from collections.abc import Callable, Mapping

import msgspec

from headwater.flow.include_file import IncludeFile
from headwater.flow.parameter import JSONType, Parameter
from headwater.home import Home
from headwater.model.artifact import Header, Ref
from headwater.model.errors import DeploymentRefused, ParameterMistake
from headwater.model.graph import ParameterSpec
from headwater.model.ids import Digest
from headwater.model.nearest import did_you_mean
from headwater.store.artifacts import ArtifactStore

_TYPES: dict[str, object] = {"str": str, "int": int, "float": float, "bool": bool, "json": JSONType}


class KeptValues(msgspec.Struct, frozen=True):
    """Values as artifacts; the small ones are durable only when a commit has taken them."""

    #: By attribute.
    refs: dict[str, Ref] = {}
    headers: dict[Digest, Header] = {}
    small: dict[Digest, bytes] = {}


def keep_values(home: Home, values: Mapping[str, object], module: str) -> KeptValues:
    """Save values by attribute; `module` is the canonical name of the flow's file, which may run as `__main__`."""
    if not values:
        return KeptValues()
    saved = ArtifactStore(home.objects, main_module=module).save_many(values)
    return KeptValues(
        refs={name: entry.ref for name, entry in saved.items()},
        headers={entry.ref.digest: entry.header for entry in saved.values() if entry.header is not None},
        small={entry.ref.digest: entry.small for entry in saved.values() if entry.small is not None},
    )


def raw_values(values: Mapping[str, object]) -> dict[str, msgspec.Raw]:
    """Write values by parameter's name (texts of a command line, values of Python) as the JSON that launches take.

    Raises:
        DeploymentRefused: JSON cannot say a value.
    """
    raw: dict[str, msgspec.Raw] = {}
    for name, value in values.items():
        try:
            raw[name] = msgspec.Raw(msgspec.json.encode(value))
        except (TypeError, ValueError, OverflowError) as error:
            hint = "runs of deployments take what JSON can say; keep large values as artifacts"
            raise DeploymentRefused(f"the value of parameter `{name}` is no JSON: {error}", hint=hint) from error
    return raw


def convert_given(
    specs: tuple[ParameterSpec, ...], given: Mapping[str, msgspec.Raw], known: Mapping[str, object], what: str
) -> dict[str, object]:
    """Turn what is given for parameters into their values by attribute, as the flow itself would.

    Args:
        specs: the parameters of the flow.
        given: JSON values by parameter's name; null counts as not given.
        known: what has a value already, by attribute; a required parameter may be among it.
        what: who gives them, for messages: `Churn@production`.

    Raises:
        DeploymentRefused: names everything that is wrong: unknown names, values that do not convert, missing ones.
    """
    by_name = {spec.name: spec for spec in specs}
    wrong: list[str] = []
    hints: list[str] = []
    values: dict[str, object] = {}
    failed: set[str] = set()
    for name, raw in given.items():
        spec = by_name.get(name)
        if spec is None:
            wrong.append(f"{what} has no parameter `{name}`")
            hints.append(did_you_mean(name, by_name, what="Its parameters") or "the flow has no parameters")
            continue
        value = msgspec.json.decode(raw)
        if value is None:
            continue
        try:
            values[spec.attribute] = _converter(spec)(value)
        except ParameterMistake as mistake:
            failed.add(spec.attribute)
            wrong.append(mistake.message)
            hints.append(mistake.hint)
    for spec in specs:
        if spec.required and not any(spec.attribute in found for found in (known, values, failed)):
            wrong.append(f"parameter `{spec.name}` is required, and {what} was deployed without a value for it")
            hints.append(f"give it as `--{spec.name} VALUE`, or deploy with it")
    if wrong:
        raise DeploymentRefused("\n".join(wrong), hint="; ".join(dict.fromkeys(filter(None, hints))))
    return values


def _converter(spec: ParameterSpec) -> Callable[[object], object]:
    if spec.is_own_type:
        raise ParameterMistake(
            f"parameter `{spec.name}` has a type of the flow's own, which only a deploy can read",
            hint=f"headwater deploy FILE.py --{spec.name} VALUE",
        )
    if spec.type == "file":
        return IncludeFile(spec.name, is_text=spec.encoding is not None, encoding=spec.encoding or "utf-8").convert
    return Parameter(spec.name, type=_TYPES[spec.type], separator=spec.separator, multiple=spec.is_multiple).convert
