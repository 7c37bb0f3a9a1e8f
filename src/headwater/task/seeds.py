"""Seeds of one attempt: forked siblings would otherwise draw identical numbers.

The seed follows from the run's seed and the task's key. Every attempt of a task gets the same one, so that a
run's results do not depend on how often a machine failed; `run --seed` repeats a whole run. Seeded are the global
generators of `random`, `numpy.random` and `torch`, at once when they are loaded, otherwise when the step imports
them. Generators that draw their own entropy (`numpy.random.default_rng()`, `uuid4`, `secrets`) cannot be reached:
write `default_rng(current.seed)`. String hashing (`PYTHONHASHSEED`) stays as it is.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType

from blake3 import blake3

from headwater.model.ids import TaskKey


def attempt_seed(run_seed: int, key: TaskKey) -> int:
    """Give the seed of a task, 0 <= seed < 2**63."""
    digest = blake3(f"{run_seed}/{key}".encode()).digest(length=8)
    return int.from_bytes(digest, "big") >> 1


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the generators that are loaded, and inside the block those that get loaded."""
    later = []
    for name in _SEEDERS:
        module = sys.modules.get(name)
        if module is None or _is_half_loaded(module):
            later.append(name)
        else:
            _SEEDERS[name](module, seed)
    if not later:
        yield
        return
    finder = _SeedOnImport(later, seed)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def _is_half_loaded(module: ModuleType) -> bool:
    return getattr(getattr(module, "__spec__", None), "_initializing", False) is True


def _seed_random(module: ModuleType, seed: int) -> None:
    module.seed(seed)


def _seed_numpy(module: ModuleType, seed: int) -> None:
    module.seed(seed & 0xFFFFFFFF)


def _seed_torch(module: ModuleType, seed: int) -> None:
    module.manual_seed(seed)


_SEEDERS = {"random": _seed_random, "numpy.random": _seed_numpy, "torch": _seed_torch}


class _SeedOnImport:
    """Import hook: seeds a module right after it was loaded; finds nothing itself."""

    def __init__(self, names: Sequence[str], seed: int) -> None:
        self._names = set(names)
        self._seed = seed

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self._names:
            return None
        self._names.discard(name)
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = None if finder is self or find is None else find(name, path, target)
            if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
                spec.loader = _SeedingLoader(spec.loader, name, self._seed)  # type: ignore[assignment]
                return spec
        return None


class _SeedingLoader:
    """Loads as the loader that it stands before, then seeds."""

    def __init__(self, loader: object, name: str, seed: int) -> None:
        self._loader = loader
        self._name = name
        self._seed = seed

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)  # type: ignore[attr-defined, no-any-return]

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader  # type: ignore[assignment]
        module.__loader__ = self._loader  # type: ignore[assignment]
        self._loader.exec_module(module)  # type: ignore[attr-defined]
        _SEEDERS[self._name](module, self._seed)
