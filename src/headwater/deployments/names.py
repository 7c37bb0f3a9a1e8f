"""How deployments and their aliases are called: `Churn@production`, `fraud.Churn@user.ann`."""

import re

import msgspec

from headwater.model.errors import DeploymentRefused

#: The alias of the branch `prod`.
PRODUCTION = "production"
#: The branch whose alias is `production`.
PRODUCTION_BRANCH = "prod"

_SHADOW = "shadow."
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}(\.[A-Za-z_][A-Za-z0-9_-]{0,127})?")
_ALIAS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_NOT_IN_ALIAS = re.compile(r"[^A-Za-z0-9_.-]")


class Target(msgspec.Struct, frozen=True):
    """What an alias is called, taken apart."""

    #: `Churn`, `fraud.Churn`.
    name: str
    #: `production`, `user.ann`, `test.new`, `shadow.3`.
    alias: str

    def __str__(self) -> str:
        return f"{self.name}@{self.alias}"


def split_target(text: str) -> Target:
    """Take `fraud.Churn@user.ann` apart.

    Raises:
        DeploymentRefused: it is no name of an alias.
    """
    name, at, alias = text.partition("@")
    if not at and _NAME.fullmatch(name):
        raise DeploymentRefused(f"`{text}` names no alias", hint=f"write it as {name}@{PRODUCTION}")
    if not _NAME.fullmatch(name) or not _ALIAS.fullmatch(alias):
        hint = f"write it as Churn@{PRODUCTION} or project.Churn@user.ann"
        raise DeploymentRefused(f"`{text}` cannot be the name of an alias", hint=hint)
    return Target(name, PRODUCTION if alias == PRODUCTION_BRANCH else alias)


def deployment_name(flow: str, project: str | None) -> str:
    """Give the name under which deployments of a flow are counted: `fraud.Churn` in a project, else `Churn`."""
    return flow if project is None else f"{project}.{flow}"


def branch_of(user: str, branch: str | None = None, *, is_production: bool = False) -> str:
    """Give the branch that a command means: `user.<user>`, `test.<branch>` or `prod`.

    Raises:
        DeploymentRefused: the branch's name cannot be one.
    """
    if is_production:
        return PRODUCTION_BRANCH if branch is None else f"{PRODUCTION_BRANCH}.{_checked(branch)}"
    if branch is not None:
        return f"test.{_checked(branch)}"
    return f"user.{_NOT_IN_ALIAS.sub('_', user)}"


def branch_alias(branch: str) -> str:
    """Give the alias of a branch: `production` of `prod`, the others as they are."""
    return PRODUCTION if branch == PRODUCTION_BRANCH else branch


def alias_branch(alias: str) -> str:
    """Give the branch of an alias: `prod` of `production`, the others as they are."""
    return PRODUCTION_BRANCH if alias == PRODUCTION else alias


def is_production(alias: str) -> bool:
    """Tell whether runs of an alias are production: `production`, and the side branches `prod.<name>`."""
    return alias == PRODUCTION or alias.startswith(f"{PRODUCTION_BRANCH}.")


def shadow_alias(number: int) -> str:
    """Give the alias of a shadow: `shadow.4`, after its deployment's number."""
    return f"{_SHADOW}{number}"


def is_shadow_alias(alias: str) -> bool:
    """Tell whether an alias is that of a shadow."""
    return alias.startswith(_SHADOW)


def scope_of(name: str, alias: str) -> str | None:
    """Give the scope of events that an alias's runs publish and hear: `<project>.<branch>`; None without a project."""
    project, dot, _ = name.partition(".")
    return f"{project}.{alias_branch(alias)}" if dot else None


def namespace_of(name: str, alias: str, owner: str) -> str:
    """Give the namespace in which an alias's runs read: that of its person for `user.ann`, else one of its own.

    Flows of one project and branch share it.
    """
    if alias == branch_of(owner):
        return f"user:{owner}"
    return f"deployment:{name.partition('.')[0]}@{alias}"


def _checked(branch: str) -> str:
    if not _ALIAS.fullmatch(branch):
        raise DeploymentRefused(
            f"{branch!r} cannot be the name of a branch", hint="letters, digits, `-`, `_` and `.` can, from a letter on"
        )
    return branch
