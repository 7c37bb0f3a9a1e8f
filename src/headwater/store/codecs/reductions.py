"""How some types of libraries are pickled, where their own way hides memory or changes when they are only read.

Arrays whose elements lie apart, arrays of times and tensors are taken out of band, as numpy does with numbers in a
row; columns of pandas are written without what they remember of earlier answers, search trees of scikit-learn without
their statistics, which every query moves on. Types that somebody registered with `copyreg` are left alone.
`rebuild_tensor` is named in what was stored: it stays where it is.
"""

import copyreg
import pickle
import sys
from collections.abc import Callable
from typing import Any

_Reduce = Callable[[Any], Any]
_TREES = (
    ("sklearn.neighbors._kd_tree", ("KDTree", "KDTree32", "KDTree64")),
    ("sklearn.neighbors._ball_tree", ("BallTree", "BallTree32", "BallTree64")),
)
#: Statistics in the state of a tree: trims, leaves, splits, calls.
_STATISTICS = slice(7, 11)


def dispatch_table() -> dict[type, _Reduce]:
    """Give the pickler's table for the libraries that are imported in this process."""
    table: dict[type, _Reduce] = {}
    numpy = sys.modules.get("numpy")
    if hasattr(numpy, "ndarray"):
        table[numpy.ndarray] = _reduce_array  # type: ignore[union-attr]
    torch = sys.modules.get("torch")
    if hasattr(torch, "nn"):
        table[torch.Tensor] = table[torch.nn.Parameter] = _reduce_tensor  # type: ignore[union-attr]
    pandas = sys.modules.get("pandas")
    if hasattr(pandas, "arrays"):
        columns = vars(pandas.arrays).values()  # type: ignore[union-attr]
        table.update((kind, _reduce_column) for kind in columns if isinstance(kind, type))
    for module, names in _TREES:
        if module in sys.modules:
            found = (getattr(sys.modules[module], name, None) for name in names)
            table.update((each, _reduce_search_tree) for each in found if isinstance(each, type))
    return table | copyreg.dispatch_table


def rebuild_tensor(
    buffer: Any, dtype: str, shape: tuple[int, ...], axes: tuple[int, ...], requires_grad: bool, is_parameter: bool
) -> Any:
    """Give a tensor that sees a buffer.

    Args:
        buffer: its memory, the elements in a row.
        dtype: `float32`, `bfloat16` ...
        shape: of the elements in a row.
        axes: where each of the tensor's axes is in that shape.
        requires_grad: as the tensor had it.
        is_parameter: a `torch.nn.Parameter`.
    """
    import torch

    view = memoryview(buffer)
    if view.nbytes:
        flat = torch.frombuffer(view, dtype=torch.uint8).view(getattr(torch, dtype))
    else:
        flat = torch.empty(0, dtype=getattr(torch, dtype))
    tensor = flat.reshape(shape).permute(axes)
    return torch.nn.Parameter(tensor, requires_grad) if is_parameter else tensor.requires_grad_(requires_grad)


def memory_of_tensor(tensor: Any) -> tuple[memoryview, tuple[int, ...], tuple[int, ...]] | None:
    """Give a tensor's elements in a row, their shape there, and where its axes are in it.

    None for a tensor that is no plain memory of this process: on a device, sparse, quantized, part of a graph.
    """
    import torch

    if tensor.device.type != "cpu" or tensor.layout != torch.strided or tensor.is_quantized:
        return None
    if tensor.grad_fn is not None:
        return None
    tensor = tensor.detach().resolve_conj().resolve_neg()
    order = _memory_order(tensor.stride())
    rows = tensor.permute(order)
    if not rows.is_contiguous():
        order = tuple(range(tensor.dim()))
        rows = tensor.contiguous()
    axes = tuple(order.index(axis) for axis in range(tensor.dim()))
    flat = rows.reshape(-1).view(torch.uint8).numpy() if rows.numel() else b""
    return memoryview(flat).cast("B"), tuple(rows.shape), axes


def _reduce_array(array: Any) -> Any:
    """As numpy reduces it, after the elements of a view were put in a row; times, which it copies, as numbers."""
    if array.dtype.kind in "mM":
        return type(array).view, (array.view("int64"), array.dtype)
    flags = array.flags
    if not (flags.forc or array.dtype.hasobject or array.transpose(_memory_order(array.strides)).flags.c_contiguous):
        array = array.copy()
    return array.__reduce_ex__(5)


def _reduce_tensor(tensor: Any) -> Any:
    """As torch reduces it, where the tensor carries more than its elements."""
    if tensor.__dict__ or tensor._backward_hooks:
        return tensor.__reduce_ex__(5)
    try:
        memory = memory_of_tensor(tensor)
    except (TypeError, RuntimeError):  # without numpy, or of a kind that is newer than this
        memory = None
    if memory is None:
        return tensor.__reduce_ex__(5)
    view, shape, axes = memory
    import torch

    dtype = str(tensor.dtype).removeprefix("torch.")
    is_parameter = type(tensor) is torch.nn.Parameter
    return rebuild_tensor, (pickle.PickleBuffer(view), dtype, shape, axes, tensor.requires_grad, is_parameter)


def _reduce_column(column: Any) -> Any:
    """As pandas reduces it, without the answers that it keeps in `_cache`."""
    reduced = column.__reduce_ex__(5)
    state = reduced[2] if isinstance(reduced, tuple) and len(reduced) > 2 else None
    if isinstance(state, dict):
        state = _without_cache(state)
    elif isinstance(state, tuple):
        parts = [_without_cache(part) if isinstance(part, dict) else part for part in state]
        state = tuple(part for part in parts if not (isinstance(part, dict) and not part))
    else:
        return reduced
    return *reduced[:2], state, *reduced[3:]


def _without_cache(attributes: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in attributes.items() if name != "_cache"}


def _reduce_search_tree(tree: Any) -> Any:
    """As scikit-learn reduces it, with its statistics at zero."""
    reduced = tree.__reduce__()
    state = reduced[2] if isinstance(reduced, tuple) and len(reduced) == 3 else None
    if not isinstance(state, tuple) or state[_STATISTICS] != (*tree.get_tree_stats(), tree.get_n_calls()):
        return reduced
    return *reduced[:2], (*state[: _STATISTICS.start], 0, 0, 0, 0, *state[_STATISTICS.stop :])


def _memory_order(strides: tuple[int, ...]) -> tuple[int, ...]:
    """List the axes from the one with the widest steps to the one with the narrowest."""
    return tuple(sorted(range(len(strides)), key=lambda axis: -strides[axis]))
