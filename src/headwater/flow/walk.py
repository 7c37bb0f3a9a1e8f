"""Reads off a method's source which attributes of `self` and of `inputs` it reads and sets."""

import ast
from typing import Protocol

import msgspec

from headwater.flow.facts import Facts, InputRead, Read
from headwater.flow.source import Source
from headwater.flow.syntax import catches_missing, has_items, is_super_call, is_suppress, merge_of

#: Functions to which `self` can be passed without its attributes being changed there.
_HARMLESS = frozenset(("isinstance", "type", "id", "repr", "str", "print", "super", "hash", "issubclass", "callable"))
#: Functions that give the items of what they are called with.
_PASSING = frozenset(("list", "tuple", "sorted", "reversed", "iter", "set"))


class Methods(Protocol):
    """What the walk asks about the other attributes of the class."""

    def is_artifact(self, name: str) -> bool:
        """False for names that the class itself has."""

    def called(self, name: str) -> Facts | None:
        """Give the facts of the method or property that `self.name` is; None when it is no such thing."""

    def called_above(self, owner: str, name: str) -> Facts | None:
        """Give the facts of what `super().name` is in the class of that name; None when that cannot be told."""


def read_facts(source: Source, methods: Methods) -> Facts:
    """Read the facts off a method's source.

    Args:
        source: The method.
        methods: Looks the others up.
    """
    walker = _Walker(source, methods)
    for statement in source.node.body:
        walker.visit(statement)
    facts = walker.facts
    facts.reads = [read for read in facts.reads if read.name not in walker.guarded]
    facts.input_reads = [read for read in facts.input_reads if read.name not in walker.guarded]
    return facts


class _Walker:
    """Walks through a method in the order in which it runs."""

    def __init__(self, source: Source, methods: Methods) -> None:
        names = source.arguments
        self.source = source
        self.own = names[0] if names else "self"
        self.inputs = names[1] if len(names) == 2 else ""
        self.methods = methods
        self.facts = Facts()
        #: Asked for with `hasattr` somewhere.
        self.guarded: set[str] = set()
        #: Variables that hold one of the inputs.
        self._items: set[str] = set()
        #: How many constructs around this place may skip it.
        self._skippable = 0
        #: How many constructs around this place catch a missing attribute.
        self._caught = 0

    def visit(self, node: ast.AST) -> None:
        method = getattr(self, f"_visit_{type(node).__name__}", None)
        if method is not None:
            method(node)
        else:
            self._visit_children(node)

    def _visit_children(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            self.visit(child)

    def _visit_all(self, nodes: list[ast.stmt] | list[ast.expr], *, is_skippable: bool = False) -> None:
        self._skippable += is_skippable
        for node in nodes:
            self.visit(node)
        self._skippable -= is_skippable

    # statements

    def _visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def _visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def _visit_AugAssign(self, node: ast.AugAssign) -> None:
        name = self._own_attribute(node.target)
        if name is not None:
            self._read(name, node.lineno)
        self.visit(node.value)
        self.visit(node.target)

    def _visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._visit_all(node.body, is_skippable=True)
        self._visit_all(node.orelse, is_skippable=True)

    def _visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self.visit(node.target)
        self._bind_items(node.target, node.iter)
        self._visit_loop(node.body, is_skippable=not (has_items(node.iter) or self._is_of_inputs(node.iter)))
        self._visit_all(node.orelse, is_skippable=True)

    _visit_AsyncFor = _visit_For

    def _visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        is_endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        self._visit_loop(node.body, is_skippable=not is_endless)
        self._visit_all(node.orelse, is_skippable=True)

    def _visit_loop(self, body: list[ast.stmt], *, is_skippable: bool) -> None:
        """What the body sets anywhere may have been set by the turn before."""
        for statement in body:
            for child in ast.walk(statement):
                name = self._own_attribute(child)
                if name is not None and isinstance(child, ast.Attribute) and isinstance(child.ctx, ast.Store):
                    self.facts.writes[name] = None
        self._visit_all(body, is_skippable=is_skippable)

    def _visit_Try(self, node: ast.Try) -> None:
        catches = any(catches_missing(handler.type) for handler in node.handlers)
        self._caught += catches
        self._visit_all(node.body, is_skippable=bool(node.handlers))
        self._caught -= catches
        for handler in node.handlers:
            self._visit_all(handler.body, is_skippable=True)
        self._visit_all(node.orelse, is_skippable=bool(node.handlers))
        self._visit_all(node.finalbody)

    _visit_TryStar = _visit_Try

    def _visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        suppresses = False
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self.visit(item.optional_vars)
            suppresses = suppresses or is_suppress(item.context_expr)
        self._caught += suppresses
        self._visit_all(node.body)
        self._caught -= suppresses

    _visit_AsyncWith = _visit_With

    def _visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for case in node.cases:
            self._skippable += 1
            if case.guard is not None:
                self.visit(case.guard)
            self._visit_all(case.body)
            self._skippable -= 1

    def _visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        arguments = node.args
        for default in (*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None)):
            self.visit(default)
        names = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        if self.own in names:
            return
        body = node.body if isinstance(node.body, list) else [node.body]
        hidden = self._items & names
        self._items -= hidden
        self._visit_all(body, is_skippable=True)
        self._items |= hidden

    _visit_AsyncFunctionDef = _visit_FunctionDef
    _visit_Lambda = _visit_FunctionDef

    # expressions

    def _visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self._visit_all(node.values[1:], is_skippable=True)

    def _visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._visit_all([node.body, node.orelse], is_skippable=True)

    def _visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        known = set(self._items)
        self.visit(node.generators[0].iter)
        self._skippable += not self._is_of_inputs(node.generators[0].iter)
        for number, generator in enumerate(node.generators):
            if number:
                self.visit(generator.iter)
            self.visit(generator.target)
            self._bind_items(generator.target, generator.iter)
            self._visit_all(generator.ifs)
        is_filtered = any(generator.ifs for generator in node.generators)
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._visit_all(results, is_skippable=is_filtered)
        self._skippable -= not self._is_of_inputs(node.generators[0].iter)
        self._items = known

    _visit_SetComp = _visit_ListComp
    _visit_GeneratorExp = _visit_ListComp
    _visit_DictComp = _visit_ListComp

    def _visit_Name(self, node: ast.Name) -> None:
        if node.id == self.own and isinstance(node.ctx, ast.Load):
            self.facts.is_open = True
        if isinstance(node.ctx, ast.Store):
            self._items.discard(node.id)

    def _visit_Attribute(self, node: ast.Attribute) -> None:
        name = self._own_attribute(node)
        if name is None:
            self._visit_foreign_attribute(node)
        elif name == "__dict__":
            self.facts.is_open = True
        elif isinstance(node.ctx, ast.Store):
            self.facts.writes[name] = None
        elif isinstance(node.ctx, ast.Load):
            self._visit_own(name, node.lineno, is_called=False)

    def _visit_own(self, name: str, line: int, *, is_called: bool) -> None:
        called = self.methods.called(name)
        if called is None:
            self._read(name, line)
            return
        self._skippable += not is_called
        self._take_over(called)
        self._skippable -= not is_called

    def _visit_foreign_attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            found, step = self._input_of(node.value)
            if found:
                self._read_input(step, node.attr, node.lineno)
                return
        self.visit(node.value)

    def _visit_Call(self, node: ast.Call) -> None:
        function = node.func
        name = self._own_attribute(function)
        if name == "next":
            self._visit_next(node)
        elif name == "merge_artifacts":
            self.facts.merges.append(merge_of(node))
        elif name is not None:
            self._visit_arguments(node)
            self._visit_own(name, node.lineno, is_called=True)
        elif is_super_call(function):
            self._visit_arguments(node)
            self._visit_super(function)
        elif isinstance(function, ast.Name):
            self._visit_named_call(function.id, node)
        else:
            self.visit(function)
            self._visit_arguments(node)

    def _visit_named_call(self, name: str, node: ast.Call) -> None:
        first = node.args[0] if node.args else None
        is_of_self = isinstance(first, ast.Name) and first.id == self.own
        if name in ("hasattr", "getattr", "setattr", "delattr") and (is_of_self or self._input_of(first)[0]):
            self._visit_by_name(name, node, is_of_self=is_of_self)
        elif is_of_self and name in _HARMLESS:
            self._visit_all(node.args[1:])
        else:
            self._visit_arguments(node)

    def _visit_by_name(self, function: str, node: ast.Call, *, is_of_self: bool) -> None:
        asked = node.args[1] if len(node.args) > 1 else None
        name = asked.value if isinstance(asked, ast.Constant) and isinstance(asked.value, str) else None
        if function == "setattr":
            self._visit_all(node.args[2:])
            if is_of_self:
                self.facts.is_open = self.facts.is_open or name is None
                self.facts.writes.update({} if name is None else {name: None})
        elif function == "hasattr" and name is not None:
            self.guarded.add(name)
            self.facts.names[name] = None
        elif function == "getattr" and name is not None and is_of_self:
            self.facts.names[name] = None
            if len(node.args) == 2:
                self._read(name, node.lineno)
            else:
                self._visit_all(node.args[2:])
        else:
            self._visit_all(node.args[1:])

    def _visit_arguments(self, node: ast.Call) -> None:
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        is_over_inputs = any(self._is_of_inputs(value) for value in values)
        for value in values:
            if is_over_inputs and isinstance(value, ast.Lambda) and len(value.args.args) == 1:
                self._visit_item_function(value)
            else:
                self.visit(value)

    def _visit_item_function(self, node: ast.Lambda) -> None:
        """A function that is called with each input, as in `max(inputs, key=lambda each: each.score)`."""
        item = node.args.args[0].arg
        known = set(self._items)
        self._items.add(item)
        self.visit(node.body)
        self._items = known

    def _visit_next(self, node: ast.Call) -> None:
        for keyword in node.keywords:
            value = keyword.value
            if keyword.arg in ("foreach", "condition") and isinstance(value, ast.Constant):
                if isinstance(value.value, str) and self.methods.is_artifact(value.value):
                    self._read(value.value, node.lineno)
            elif keyword.arg == "num_parallel":
                self.visit(value)

    def _visit_super(self, function: ast.expr) -> None:
        called = None
        if isinstance(function, ast.Attribute):
            called = self.methods.called_above(self.source.owner, function.attr)
        if called is None:
            self.facts.is_open = True
        else:
            self._take_over(called)

    # what was found

    def _take_over(self, called: Facts) -> None:
        for read in called.reads:
            if read.name not in self.facts.writes and not self._caught:
                is_certain = read.is_certain and not self._skippable
                is_after_merge = read.is_after_merge or bool(self.facts.merges)
                changed = msgspec.structs.replace(read, is_certain=is_certain, is_after_merge=is_after_merge)
                self.facts.reads.append(changed)
        self.facts.names.update(called.names)
        self.facts.writes.update(called.writes)
        self.facts.merges += called.merges
        self.facts.is_open = self.facts.is_open or called.is_open

    def _read(self, name: str, line: int) -> None:
        self.facts.names[name] = None
        if name in self.facts.writes or self._caught or not self.methods.is_artifact(name):
            return
        self.facts.reads.append(Read(name, self.source.file, line, not self._skippable, bool(self.facts.merges)))

    def _read_input(self, step: str | None, name: str, line: int) -> None:
        if not self._caught:
            self.facts.input_reads.append(InputRead(step, name, line, not self._skippable))

    def _own_attribute(self, node: ast.AST) -> str | None:
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == self.own):
            return None
        name = node.attr
        if name.startswith("__") and not name.endswith("__") and self.source.owner:
            return f"_{self.source.owner.lstrip('_')}{name}"
        return name

    def _input_of(self, node: ast.AST | None) -> tuple[bool, str | None]:
        """Tell whether an expression is one of the inputs, and which step it names."""
        if isinstance(node, ast.Name) and node.id in self._items:
            return True, None
        if isinstance(node, ast.Subscript) and self._is_of_inputs(node.value):
            return not isinstance(node.slice, ast.Slice), None
        if self.inputs and isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return node.value.id == self.inputs, node.attr
        return False, None

    def _is_of_inputs(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _PASSING and node.args:
            return self._is_of_inputs(node.args[0])
        return bool(self.inputs) and isinstance(node, ast.Name) and node.id == self.inputs

    def _bind_items(self, target: ast.expr, iterated: ast.expr) -> None:
        if self._is_of_inputs(iterated) and isinstance(target, ast.Name):
            self._items.add(target.id)
        if not isinstance(iterated, ast.Call) or not isinstance(iterated.func, ast.Name) or not iterated.args:
            return
        is_numbered = iterated.func.id == "enumerate" and self._is_of_inputs(iterated.args[0])
        if is_numbered and isinstance(target, ast.Tuple) and isinstance(target.elts[-1], ast.Name):
            self._items.add(target.elts[-1].id)
