"""What a caller may do: a role in each project."""

from typing import Literal, get_args

import msgspec

#: From the least to the most: sees; runs flows and tags runs; deploys, moves aliases; deletes, and gives roles.
Role = Literal["viewer", "runner", "deployer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
#: Stands for all projects, those to come included.
ALL = "*"
#: What a caller proved who they are with.
Means = Literal["link", "password", "token"]


class Access(msgspec.Struct, frozen=True):
    """Who calls, and what they may do."""

    user: str
    #: Project -> role. `*` = all projects; the empty name = flows without `@project`.
    roles: dict[str, Role]
    means: Means = "link"
    #: Key of the record of their session or token.
    credential: str = ""

    def role_in(self, project: str) -> Role | None:
        """Give the role in a project; None when it is not even seen."""
        found = [self.roles[name] for name in (project, ALL) if name in self.roles]
        return max(found, key=ROLES.index, default=None)

    def allows(self, needed: Role, project: str) -> bool:
        """Whether a role in a project is at least the one that is needed."""
        role = self.role_in(project)
        return role is not None and ROLES.index(role) >= ROLES.index(needed)

    @property
    def projects(self) -> tuple[str, ...] | None:
        """The projects that are seen, sorted; None = all of them."""
        return None if ALL in self.roles else tuple(sorted(self.roles))

    @property
    def is_admin_of_all(self) -> bool:
        """Whether they may do everything everywhere."""
        return self.roles.get(ALL) == "admin"

    @property
    def best(self) -> Role | None:
        """The highest role in any project; None when there is none."""
        return max(self.roles.values(), key=ROLES.index, default=None)
