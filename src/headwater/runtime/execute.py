"""Runs a flow from its class to its last event; whoever calls watches what happens."""

import importlib
import os
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import nullcontext

import msgspec

from headwater.flow.arguments import attach_to_all
from headwater.flow.compile import compile_flow
from headwater.flow.values import constants_of, evaluate_parameters, parameters_of
from headwater.home import Home
from headwater.model.errors import Mistake, UserMistake
from headwater.model.graph import Graph
from headwater.model.ids import Digest
from headwater.model.order import CodeSource
from headwater.model.ports import Engine, Lease, Notice
from headwater.model.rows import RunRow
from headwater.plan.frontier import Frontier
from headwater.plan.slots import Machine, Slots
from headwater.runtime.claims import Claims
from headwater.runtime.drive import Continued, Driver, Happening, Interrupts, Surroundings
from headwater.runtime.environment import installed_packages
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


class Execution:
    """One run that is being driven by this process."""

    def __init__(
        self,
        home: Home,
        engine: Engine,
        *,
        clock: Callable[[], float],
        interrupts: Interrupts,
    ) -> None:
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
        values = evaluate_parameters(flow, given, os.environ, user=self._home.user)
        saved = save_values(self._home, {**constants_of(flow), **values}, code.module)
        yield from self._start(graph, code, options, machine, saved, None)

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
        values = self._new_values(flow, given, origin)
        saved = save_values(self._home, {**constants_of(flow), **values}, code.module)
        changed = {name: saved.refs[name] for name in values}
        reuse = plan_reuse(self._home, origin, graph, from_step=from_step, changed=changed)
        yield from self._start(graph, code, options, machine, saved, reuse)

    def continue_interrupted(self, row: RunRow, options: RunOptions) -> Iterator[Happening]:
        """Take an interrupted run over and drive it to its end, under its own name.

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
        yield from self._drive(lease, frontier, this_machine(options.max_workers), files)

    def _new_values(self, flow: type, given: Mapping[str, object], origin: RunRow) -> dict[str, object]:
        """Parameters given anew, and those that the origin did not have yet."""
        changed = {
            parameter.attribute: parameter.convert(given[parameter.name])
            for parameter in parameters_of(flow)
            if parameter.name in given
        }
        added = {parameter.attribute for parameter in parameters_of(flow)} - set(origin.parameters) - set(changed)
        if not added:
            return changed
        values = evaluate_parameters(flow, given, os.environ, user=self._home.user)
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
        reuse: Reuse | None,
    ) -> Iterator[Happening]:
        environments = yield from self._make_environments(graph, code, options)
        tree = save_tree(self._home.objects, code.root, cache_folder=self._home.path)
        facts = StartFacts(
            graph=graph,
            code=msgspec.structs.replace(code, tree=tree.digest),
            at=self._clock(),
            host=os.uname().nodename,
            pid=os.getpid(),
            seed=options.seed,
            tags=options.tags,
            system_tags=_system_tags(self._home.user),
            namespace=options.namespace,
            note=options.note,
            command=options.command,
            environment=installed_packages(sys.path),
            environments=environments,
        )
        if options.run_id_file is not None:
            _check_folder(options.run_id_file)
        lease, frontier, events = start_run(self._home, facts, saved, reuse)
        if options.run_id_file is not None and frontier.started is not None:
            _write_run_id(options.run_id_file, f"{frontier.started.flow}/{frontier.started.label}")
        yield from events
        yield from self._drive(lease, frontier, machine, tree.files)

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
        self, lease: Lease, frontier: Frontier, machine: Machine, files: Mapping[str, str]
    ) -> Iterator[Happening]:
        facts = RunFacts(
            home=self._home.path,
            folder=self._home.run_folder(lease.run),
            cpus=int(machine.cpus),
            files=dict(files),
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


def _system_tags(user: str) -> tuple[str, ...]:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (f"user:{user}", "runtime:headwater", f"python_version:{python}")


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
