"""What `@catch` keeps of a failure."""


class CaughtException(Exception):
    """Stands for an exception that a step raised; loads anywhere, also where the exception's class is unknown."""

    def __init__(self, exception: str, type: str = "", stacktrace: str = "") -> None:
        super().__init__(exception, type, stacktrace)
        #: The exception's message.
        self.exception = exception
        #: Full name of its class.
        self.type = type
        #: The formatted traceback; empty when the task was killed.
        self.stacktrace = stacktrace

    def __str__(self) -> str:
        return self.stacktrace or f"{self.type}: {self.exception}"

    def __repr__(self) -> str:
        return f"CaughtException({self.type}: {self.exception})"
