"""Where a step's secrets come from; their values are never part of any noun that is stored."""

import msgspec


class SecretSource(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of `@secrets(sources=[...])`."""

    #: `env`, `file`, `inline`, `aws-secrets-manager`, `gcp-secret-manager`, `az-key-vault`.
    type: str
    #: Names of the variables, a path, an ARN or name; what it means depends on the type.
    id: str = ""
    #: What the type takes besides; for `inline` its variables, whose values stay in the code: `***` stands for each.
    options: dict[str, str] = {}
    #: Role to take on before asking a cloud's manager.
    role: str | None = None
    #: Values may replace variables that the task's environment has already.
    may_override: bool = False
