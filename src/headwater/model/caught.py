"""What `@catch` keeps of a failure."""


class CaughtException(Exception):
    """Stands for an exception that a step raised; loads anywhere, also where the exception's class is unknown."""

    def __init__(self, exception: str, type: str = "", stacktrace: str = "") -> None:
        super().__init__(exception, type, stacktrace)
        #: The exception's message.
        self.exception = exception
        #: Full name of its class, built-in ones with their module: `builtins.ValueError`.
        self.type = type if "." in type or not type else f"builtins.{type}"
        #: The formatted traceback; empty when the task was killed.
        self.stacktrace = stacktrace

    def __str__(self) -> str:
        return self.stacktrace or f"{self.type.removeprefix('builtins.')}: {self.exception}"

    def __repr__(self) -> str:
        return f"CaughtException({self.type.removeprefix('builtins.')}: {self.exception})"
