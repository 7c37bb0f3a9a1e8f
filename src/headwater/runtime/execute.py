"""Runs a flow from its class to its last event; whoever calls watches what happens."""

import importlib
import os
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import nullcontext

import msgspec

from headwater.flow.arguments import attach_to_all
from headwater.flow.compile import compile_flow
from headwater.flow.values import constants_of, evaluate_parameters, parameters_of
from headwater.home import Home
from headwater.model.errors import Mistake, RunIsDriven, RunIsFinished, UserMistake
from headwater.model.graph import Graph
from headwater.model.ids import Digest, RunId
from headwater.model.order import CodeSource
from headwater.model.ports import Engine, Lease, Notice
from headwater.model.production import ExitHooks, Project
from headwater.model.rows import RunRow
from headwater.plan.frontier import Frontier
from headwater.plan.reuse import steps_from
from headwater.plan.slots import Machine, Slots
from headwater.runtime.changed_files import changed_files
from headwater.runtime.claims import Claims
from headwater.runtime.drive import Continued, Driver, Happening, Interrupts, Surroundings
from headwater.runtime.environment import installed_packages
from headwater.runtime.hooks import HOOK_COMMAND, HookSetting, run_hooks
from headwater.runtime.machine import this_machine
from headwater.runtime.orders import RunFacts
from headwater.runtime.resume import plan_reuse, take_over
from headwater.runtime.start import Reuse, SavedValues, StartFacts, save_values, start_run
from headwater.store.trees import read_listing, save_tree

#: Imported only for flows whose steps declare packages.
_ENVIRONMENTS = "headwater.environments.prepare"


class RunOptions(msgspec.Struct, frozen=True):
    """What may be said of a run besides its parameters."""

    max_workers: int
    tags: tuple[str, ...] = ()
    note: str = ""
    seed: int | None = None
    namespace: str | None = None
    #: `--with` texts: decorators for every step.
    decorators: tuple[str, ...] = ()
    #: Refuse what can never fit this machine instead of running it alone.
    is_strict: bool = False
    #: Takes the run's path before any task starts.
    run_id_file: str | None = None
    command: tuple[str, ...] = ()
    #: False: the engine runs every step with this interpreter, whatever packages it declares; the run says so.
    has_environments: bool = True
    #: Branch of a flow's `@project`, such as `test.new`; None = the user's own, `user.<name>`.
    branch: str | None = None
    is_production: bool = False


class Execution:
    """One run that is being driven by this process."""

    def __init__(
        self,
        home: Home,
        engine: Engine,
        *,
        clock: Callable[[], float],
        interrupts: Interrupts,
        hook_command: Sequence[str] = HOOK_COMMAND,
    ) -> None:
        """Take what it needs.

        Args:
            home: the store and ledger.
            engine: where tasks run.
            clock: Unix time in seconds.
            interrupts: what signals ask of it; `leave` makes it give the run back, to be continued by another driver.
            hook_command: starts the process of an exit hook.
        """
        self._hook_command = tuple(hook_command)
        self._home = home
        self._engine = engine
        self._clock = clock
        self._interrupts = interrupts

    def new(
        self,
        flow: type,
        code: CodeSource,
        options: RunOptions,
        given: Mapping[str, object],
    ) -> Iterator[Happening]:
        """Start a new run of the flow and drive it to its end.

        Args:
            flow: the class.
            code: where it is.
            options: what is said of the run.
            given: parameters by name, text or values.

        Yields:
            What happens, from the run's first event on.

        Raises:
            FlowMistakes, ParameterMistake: before anything is stored.
        """
        graph, machine = self._prepare(flow, options)
        values = self._evaluate(flow, graph, options, given)
        environments = yield from self._make_environments(graph, code, options)
        saved = save_values(self._home, {**constants_of(flow), **values}, code.module)
        yield from self._start(graph, code, options, machine, saved, environments, None)

    def resume_failed(
        self,
        flow: type,
        code: CodeSource,
        options: RunOptions,
        given: Mapping[str, object],
        origin: RunRow,
        from_step: str | None,
    ) -> Iterator[Happening]:
        """Start a run that reuses what an ended one finished; arguments as `new`.

        Raises:
            ResumeRefused: a changed parameter was read by what would be reused.
        """
        graph, machine = self._prepare(flow, options)
        values = self._new_values(flow, graph, options, given, origin)
        environments = yield from self._make_environments(graph, code, options)
        saved = save_values(self._home, {**constants_of(flow), **values}, code.module)
        changed = {name: saved.refs[name] for name in values}
        reuse = plan_reuse(self._home, origin, graph, from_step=from_step, changed=changed)
        again = frozenset() if from_step is None else steps_from(graph, from_step)
        for step, path in changed_files(reuse.finished, again):
            yield Notice(f"`{step}` is reused, but read {path}, which has changed since: `resume {step}` reads it anew")
        yield from self._start(graph, code, options, machine, saved, environments, reuse)

    def continue_interrupted(
        self, row: RunRow, options: RunOptions, *, code_root: str | None = None
    ) -> Iterator[Happening]:
        """Take over a run that nobody drives (interrupted, queued, waiting at a gate) and drive it, under its own name.

        Args:
            row: the run.
            options: only `max_workers` counts; the rest the run has already.
            code_root: where its code is laid out; None = where the run was started. The engine has to have the same.

        Raises:
            RunIsDriven: its driver lives.
        """
        lease, frontier, events = take_over(
            self._home, row, now=self._clock(), host=os.uname().nodename, pid=os.getpid()
        )
        started = frontier.started
        if started is None:
            raise UserMistake(f"{row.path} has no first event", hint="`headwater fsck` tells what is wrong")
        yield Continued(events)
        files = {} if started.code.tree is None else read_listing(self._home.objects, started.code.tree)
        code = started.code if code_root is None else msgspec.structs.replace(started.code, root=code_root)
        yield from self._drive(lease, frontier, this_machine(options.max_workers), files, code)

    def _evaluate(
        self, flow: type, graph: Graph, options: RunOptions, given: Mapping[str, object]
    ) -> dict[str, object]:
        user = self._home.user
        return evaluate_parameters(flow, given, os.environ, user=user, project=_project(graph, options, user))

    def _new_values(
        self, flow: type, graph: Graph, options: RunOptions, given: Mapping[str, object], origin: RunRow
    ) -> dict[str, object]:
        """Parameters given anew, and those that the origin did not have yet."""
        changed = {
            parameter.attribute: parameter.convert(given[parameter.name])
            for parameter in parameters_of(flow)
            if parameter.name in given
        }
        added = {parameter.attribute for parameter in parameters_of(flow)} - set(origin.parameters) - set(changed)
        if not added:
            return changed
        values = self._evaluate(flow, graph, options, given)
        return {**changed, **{name: values[name] for name in added}}

    def _prepare(self, flow: type, options: RunOptions) -> tuple[Graph, Machine]:
        graph = compile_flow(flow)
        if options.decorators:
            graph = attach_to_all(graph, options.decorators)
        machine = this_machine(options.max_workers)
        misfits = [
            Mistake(f"step `{step.name}` can never fit: {excess}", step.file, step.line, "ask for less")
            for step in graph.steps.values()
            if step.options.resources is not None
            and (excess := Slots(machine).never_fits(step.options.resources)) is not None
        ]
        if misfits and options.is_strict:
            raise UserMistake("\n".join(str(misfit) for misfit in misfits), hint="without --strict it runs alone")
        return graph, machine

    def _start(
        self,
        graph: Graph,
        code: CodeSource,
        options: RunOptions,
        machine: Machine,
        saved: SavedValues,
        environments: dict[str, Digest],
        reuse: Reuse | None,
    ) -> Iterator[Happening]:
        project = _project(graph, options, self._home.user)
        tree = save_tree(self._home.objects, code.root, cache_folder=self._home.path)
        facts = StartFacts(
            graph=graph,
            code=msgspec.structs.replace(code, tree=tree.digest),
            at=self._clock(),
            host=os.uname().nodename,
            pid=os.getpid(),
            seed=options.seed,
            tags=options.tags,
            system_tags=_system_tags(self._home.user, project),
            namespace=options.namespace,
            note=options.note,
            command=options.command,
            environment=installed_packages(sys.path),
            environments=environments,
            project=project,
        )
        if options.run_id_file is not None:
            _check_folder(options.run_id_file)
        lease, frontier, events = start_run(self._home, facts, saved, reuse)
        if options.run_id_file is not None and frontier.started is not None:
            _write_run_id(options.run_id_file, f"{frontier.started.flow}/{frontier.started.label}")
        yield from events
        yield from self._drive(lease, frontier, machine, tree.files, code)

    def _make_environments(
        self, graph: Graph, code: CodeSource, options: RunOptions
    ) -> Generator[Notice, None, dict[str, Digest]]:
        """Have the packages that steps declare resolved and built; raises EnvironmentMistake before a run begins."""
        declaring = [
            f"`{step.name}`"
            for step in graph.steps.values()
            if step.options.packages is not None and not step.options.packages.is_disabled
        ]
        if not declaring:
            return {}
        if not options.has_environments:
            yield Notice(f"the packages declared by {', '.join(declaring)} are not used: all runs in this process")
            return {}
        room = importlib.import_module(_ENVIRONMENTS)
        preparing = room.Environments(self._home.path, self._home.objects, os.environ).prepare(graph, code.root)
        while True:
            try:
                yield Notice(next(preparing))
            except StopIteration as done:
                found: dict[str, Digest] = done.value
                return found

    def _drive(
        self, lease: Lease, frontier: Frontier, machine: Machine, files: Mapping[str, str], code: CodeSource
    ) -> Iterator[Happening]:
        facts = RunFacts(
            home=self._home.path,
            folder=self._home.run_folder(lease.run),
            cpus=int(machine.cpus),
            files=dict(files),
            code=msgspec.structs.replace(frontier.started.code, root=code.root) if frontier.started else None,
        )
        slots = Slots(machine)
        is_asking = any(step.options.resources is not None for step in frontier.graph.steps.values())
        for step in frontier.graph.steps.values():
            asked = step.options.resources
            excess = slots.never_fits(asked) if asked is not None else None
            if excess is not None:
                yield Notice(f"step `{step.name}` can never fit ({excess}): its tasks run alone")
        self._home.keep_reserve()
        claims = Claims(os.path.join(self._home.path, "locks"), lease.run)
        around = Surroundings(
            pack=lambda raw: self._home.objects.put_raw([raw]),
            clock=self._clock,
            interrupts=self._interrupts,
            free_reserve=self._home.free_reserve,
            agree=(lambda: claims.agree(slots)) if is_asking else nullcontext,
        )
        driver = Driver(self._home.ledger, lease, frontier, self._engine, slots=slots, facts=facts, around=around)
        try:
            yield from driver.drive()
        finally:
            lease.release()
        if frontier.finished is not None:
            yield from self._call_hooks(frontier, facts)
        elif frontier.gates and self._home.ledger.requests(lease.run, driver.request_number):
            # Somebody decided after the last look, and saw a driver that would fold it in.
            yield from self._go_on(lease.run, machine, files, code)

    def _go_on(self, run: RunId, machine: Machine, files: Mapping[str, str], code: CodeSource) -> Iterator[Happening]:
        """Drive a run on that was parked a moment ago; silent when somebody else does."""
        row = self._home.ledger.run(run)
        try:
            lease, frontier, _ = take_over(
                self._home, row, now=self._clock(), host=os.uname().nodename, pid=os.getpid()
            )
        except (RunIsDriven, RunIsFinished):
            return
        yield from self._drive(lease, frontier, machine, files, code)

    def _call_hooks(self, frontier: Frontier, facts: RunFacts) -> Iterator[Happening]:
        started, finished = frontier.started, frontier.finished
        if started is None or finished is None or started.graph.production.exit_hooks == ExitHooks():
            return
        count = self._interrupts.count
        setting = HookSetting(
            code=facts.code or started.code,
            command=self._hook_command,
            clock=self._clock,
            is_stopped=lambda: self._interrupts.is_leaving or self._interrupts.count > count,
        )
        yield from run_hooks(self._home, started, finished, setting)


def _project(graph: Graph, options: RunOptions, user: str) -> Project | None:
    """Give the project and branch of a new run.

    Raises:
        UserMistake: a branch was asked for of a flow that is in no project.
    """
    name = graph.production.project
    if name is None:
        if options.branch is not None or options.is_production:
            given = "--production" if options.is_production else "--branch"
            hint = f'put @project(name="...") above class {graph.flow}'
            raise UserMistake(f"{graph.flow} belongs to no project, so it has no branches: {given}", hint=hint)
        return None
    return Project(name, options.branch or f"user.{user}", options.is_production)


def _system_tags(user: str, project: Project | None) -> tuple[str, ...]:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    tags = (f"user:{user}", "runtime:headwater", f"python_version:{python}")
    return tags if project is None else (*tags, f"project:{project.name}", f"project_branch:{project.branch}")


def _check_folder(path: str) -> None:
    """Raise before a run begins that its path could not be written afterwards."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.access(folder, os.W_OK | os.X_OK):
        what = "cannot be written" if os.path.isdir(folder) else "is no folder"
        raise UserMistake(f"--run-id-file {path}: {folder} {what}")


def _write_run_id(path: str, run_path: str) -> None:
    staged = f"{path}.{os.getpid()}"
    with open(staged, "w", encoding="utf-8") as file:
        file.write(run_path + "\n")
    os.replace(staged, path)
