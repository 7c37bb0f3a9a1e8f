"""Runs one attempt of one task and gives its outcome, whatever happens."""

import importlib
import os
import sys
from contextlib import ExitStack, suppress

from msgspec.structs import replace

from headwater.flow.spec import FlowSpec
from headwater.flow.step import mark_of
from headwater.model.caught import CaughtException
from headwater.model.current import facts
from headwater.model.errors import FailureHandledByCatch
from headwater.model.failpoints import failpoint
from headwater.model.masking import Masker, masked, masking
from headwater.model.order import TaskOrder
from headwater.model.outcome import ExitCause, Outcome, TaskError, Transition
from headwater.task.executable import run_program
from headwater.task.facts import TemporaryFolder, facts_of
from headwater.task.failure import Failure, describe_failure, type_name
from headwater.task.files_read import FilesRead
from headwater.task.inputs import InputItems, Inputs, unpack_inputs
from headwater.task.loading import Loader
from headwater.task.metrics import Metrics, Scalar
from headwater.task.payloads import SmallPayloads
from headwater.task.saving import Kept, Saver
from headwater.task.scope import AttemptScope
from headwater.task.transitions import static_transition, transition_of
from headwater.task.usage import Meter
from headwater.task.workspace import Workspace
from headwater.task.wrappers import environment, step_environment, wrappers_for

#: Imported only by steps that have any.
_SECRETS = "headwater.task.secrets"


def run_attempt(order: TaskOrder, flow_class: type[FlowSpec], workspace: Workspace) -> Outcome:
    """Run the step that the order names; never raises: each failure is an outcome."""
    attempt = _Attempt(order, flow_class, workspace)
    with ExitStack() as until_the_end:
        try:
            return attempt.run(until_the_end)
        except BaseException as raised:  # noqa: BLE001 - whatever ends an attempt becomes its outcome
            return attempt.failed(describe_failure(raised, order.code.root))


class _Attempt:
    """The parts of one attempt, from the order to the outcome."""

    def __init__(self, order: TaskOrder, flow_class: type[FlowSpec], workspace: Workspace) -> None:
        self._order = order
        self._workspace = workspace
        self._meter = Meter(workspace.clock, workspace.timer, workspace.is_forked)
        payloads = SmallPayloads(order.small, workspace.read_small)
        self._loader = Loader(workspace.artifacts, payloads, self._meter)
        self._flow_class = flow_class
        self._metrics = Metrics(order.metrics_file)
        self._files = FilesRead(order.home)
        #: What a program said of its run.
        self._summary: dict[str, Scalar] = {}

    def run(self, until_the_end: ExitStack) -> Outcome:
        """Run the step, save what it left behind; a failure that `@catch` keeps is no failure here.

        `until_the_end` holds what stays until the outcome is there.
        """
        order = self._order
        self._step = self._workspace.graph.steps[order.step]
        self._scope = AttemptScope(order, self._step.is_join, self._loader)
        self._flow = self._flow_class.__new__(self._flow_class)
        self._flow._bind(self._scope)
        self._saver = Saver(self._flow, self._scope, self._workspace.artifacts)
        if order.failure_to_catch is not None:
            return self._caught(_failure_without_exception(order.failure_to_catch))
        try:
            self._run_step(self._secrets(until_the_end))
            return self._succeeded()
        except BaseException as raised:  # noqa: BLE001 - whatever ends a step becomes its outcome
            failure = describe_failure(raised, order.code.root)
            is_caught = self._is_caught(failure)
            self._tell(raised, failure, is_caught)
        return self._caught(failure) if is_caught else self.failed(failure)

    def failed(self, failure: Failure) -> Outcome:
        """Give the outcome of a failed attempt."""
        return self._outcome(failure.cause, error=failure.error, is_retryable=failure.is_retryable)

    def _secrets(self, until_the_end: ExitStack) -> dict[str, str]:
        """Get the step's secrets, and mask them in all that is shown or told of the attempt from now on."""
        if not self._order.options.secrets:
            return {}
        with environment(step_environment(self._order)):
            mark = mark_of(getattr(self._flow_class, self._order.step))
            secrets = importlib.import_module(_SECRETS)
            in_code = mark.options.secrets if mark is not None else ()
            found: dict[str, str] = secrets.secrets_of(self._order, os.environ, in_code)
        until_the_end.enter_context(masking(Masker(found.values())))
        self._workspace.tell_secrets(list(found.values()))
        for name in secrets.unmasked_names(found):
            _say(f"the secret `{name}` is too short to be masked in what is shown")
        return found

    def _run_step(self, secrets: dict[str, str]) -> None:
        order, meter = self._order, self._meter
        folder = TemporaryFolder()
        given = {**self._workspace.facts, "metrics": self._metrics}
        known = facts_of(order, self._workspace.graph, folder, given)
        loaded = meter.input_load
        with ExitStack() as around:
            around.callback(folder.remove)
            around.callback(self._metrics.close)
            around.enter_context(facts(known))
            for wrapper in wrappers_for(order, self._workspace.pools, secrets):
                around.enter_context(wrapper)
            around.enter_context(self._files.listening())
            started = meter.timer()
            try:
                self._call()
            finally:
                meter.compute += meter.timer() - started - (meter.input_load - loaded)

    def _call(self) -> None:
        order = self._order
        if order.options.executable is not None:
            inputs = self._inputs() if self._step.is_join else None
            self._summary = run_program(order, order.options.executable, self._step, self._flow, inputs)
        elif self._step.is_join:
            getattr(self._flow, order.step)(self._inputs())
        else:
            getattr(self._flow, order.step)()

    def _inputs(self) -> Inputs:
        order = self._order
        return Inputs(
            lambda: unpack_inputs(order, self._workspace.artifacts),
            order.parameters,
            self._flow_class,
            self._loader,
            InputItems(order.frames, order.closed, self._loader),
        )

    def _succeeded(self) -> Outcome:
        failpoint("task.before_save")
        catch = self._order.options.catch
        if catch is not None and catch.var is not None:
            setattr(self._flow, catch.var, None)
        started = self._meter.timer()
        transition = transition_of(self._workspace.graph, self._step, self._flow._next, self._flow, self._saver.items)
        kept = self._saver.attributes()
        self._meter.save += self._meter.timer() - started
        self._warn_of_kept_secrets()
        return self._outcome("ok", kept=kept, transition=transition)

    def _warn_of_kept_secrets(self) -> None:
        if not self._order.options.secrets:
            return
        for name in self._flow._set_names:
            value = self._flow.__dict__[name]
            if type(value) is str and masked(value) != value:
                _say(
                    f"artifact `{name}` holds the value of a secret: it is kept in the store as it is, masked only here"
                )

    def _is_caught(self, failure: Failure) -> bool:
        if self._order.options.catch is None or not failure.is_catchable or static_transition(self._step) is None:
            return False
        return self._order.is_last_attempt or not failure.is_retryable

    def _caught(self, failure: Failure) -> Outcome:
        """Let the run go on: what the step had set is kept, as far as it can be stored, with the failure."""
        catch = self._order.options.catch
        if catch is not None and catch.var is not None:
            error = failure.error
            setattr(self._flow, catch.var, CaughtException(error.message, error.type, error.traceback))
        started = self._meter.timer()
        kept = self._saver.attributes(is_leaving_out=True)
        self._meter.save += self._meter.timer() - started
        return self._outcome(
            failure.cause, kept=kept, transition=static_transition(self._step), error=failure.error, is_caught=True
        )

    def _tell(self, raised: BaseException, failure: Failure, is_caught: bool) -> None:
        """Write the traceback to the task's log, and let a debugger look."""
        catch = self._order.options.catch
        if not is_caught or catch is None or catch.print_exception:
            is_exit = failure.cause == "sys_exit"
            text = failure.error.message + "\n" if is_exit else failure.error.traceback
            _say(text.removesuffix("\n"))
        if self._workspace.on_exception is not None:
            self._workspace.on_exception(raised)

    def _outcome(
        self,
        cause: ExitCause,
        *,
        kept: Kept | None = None,
        transition: Transition | None = None,
        error: TaskError | None = None,
        is_caught: bool = False,
        is_retryable: bool = True,
    ) -> Outcome:
        order, workspace = self._order, self._workspace
        kept = kept or Kept()
        return Outcome(
            kind="outcome",
            v=1,
            run=order.run,
            key=order.key,
            attempt=order.attempt,
            cause=cause,
            artifacts=kept.artifacts,
            headers=kept.headers,
            small=kept.small,
            transition=transition,
            error=error,
            is_caught=is_caught,
            is_retryable=is_retryable,
            usage=replace(self._meter.reading(workspace.known_usage), files=self._files.described()),
            reads=self._loader.reads,
            modules=workspace.modules.digests(),
            summary=_masked_texts({**self._metrics.close(), **self._summary}),
        )


def _say(text: str) -> None:
    with suppress(Exception):  # the step may have closed or replaced it
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def _masked_texts(summary: dict[str, Scalar]) -> dict[str, Scalar]:
    return {masked(name): masked(value) if isinstance(value, str) else value for name, value in summary.items()}


def _failure_without_exception(what: str) -> Failure:
    """Stand for a failure that killed the process, so that no exception could be kept."""
    error = TaskError(type=type_name(FailureHandledByCatch), message=what)
    return Failure(cause="signal", error=error)
