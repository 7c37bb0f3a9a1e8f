"""The debugger around one attempt: stops where it fails, or where the step begins."""

import bdb
import functools
import io
import pdb
import sys
from types import TracebackType

from headwater.flow.spec import FlowSpec
from headwater.task.failure import is_user_file


class Session:
    """One task under pdb; `with` it around the attempt."""

    def __init__(self, code_root: str, commands: tuple[str, ...] = ()) -> None:
        """Take what it needs.

        Args:
            code_root: files below it are the user's.
            commands: pdb commands to do at the first stop, and then to quit; empty = a person types them.
        """
        self._root = code_root
        self._commands = commands
        self._stderr = sys.stderr
        self._was_left = False

    def __enter__(self) -> "Session":
        self._stderr = sys.stderr
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stderr = self._stderr

    def look_at(self, raised: BaseException) -> None:
        """Stop at the last frame of the user's code in a failure; the frames below it are `down`."""
        trace = self._first_user_frame(raised.__traceback__)
        if isinstance(raised, bdb.BdbQuit) or self._was_left or trace is None:
            return
        debugger = self._debugger()
        below = self._frames_below_user(trace)
        if below:
            debugger.cmdqueue.append(f"up {below}")
        debugger.reset()
        debugger.interaction(None, trace)

    def stop_at_start(self, flow_class: type[FlowSpec], step: str) -> None:
        """Stop at the first line of a step's body."""
        body = getattr(flow_class, step)

        @functools.wraps(body)
        def stopped(*arguments: object) -> object:
            debugger = self._debugger()
            result: object = debugger.runcall(body, *arguments)
            if debugger.was_left:
                # The attempt ends here, and its traceback is of no interest.
                self._was_left = True
                sys.stderr = io.StringIO()
                raise bdb.BdbQuit
            return result

        setattr(flow_class, step, stopped)

    def _debugger(self) -> "_Debugger":
        if not self._commands:
            return _Debugger()
        typed = io.StringIO("".join(f"{command}\n" for command in (*self._commands, "quit")))
        debugger = _Debugger(stdin=typed, stdout=sys.stdout, readrc=False, nosigint=True)
        debugger.prompt = ""
        return debugger

    def _first_user_frame(self, trace: TracebackType | None) -> TracebackType | None:
        while trace is not None and not self._is_user(trace):
            trace = trace.tb_next
        return trace

    def _frames_below_user(self, trace: TracebackType) -> int:
        below = 0
        following = trace.tb_next
        while following is not None:
            below = 0 if self._is_user(following) else below + 1
            following = following.tb_next
        return below

    def _is_user(self, trace: TracebackType) -> bool:
        return is_user_file(trace.tb_frame.f_code.co_filename, self._root)


class _Debugger(pdb.Pdb):
    """pdb that knows whether the person left it; `runcall` itself says nothing of it."""

    was_left = False

    def set_quit(self) -> None:
        self.was_left = True
        super().set_quit()
