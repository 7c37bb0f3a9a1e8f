"""torch tensors in main memory: their description as JSON, their memory as one buffer, nothing executable."""

from typing import Any

import msgspec

from headwater.model.errors import NotInstalled
from headwater.store.codecs.encoded import Encoded, Naming


class _Description(msgspec.Struct, frozen=True):
    """What it takes to see a tensor in a buffer."""

    #: `float32`, `bfloat16` ...
    dtype: str
    shape: tuple[int, ...]
    requires_grad: bool


class TensorCodec:
    """Dense tensors that lie in main memory and are no part of a graph; all others go to pickle."""

    name = "torch/1"

    def encode(self, value: Any, naming: Naming) -> Encoded | None:
        import torch

        if type(value) is not torch.Tensor or value.device.type != "cpu" or value.layout != torch.strided:
            return None
        if (
            value.grad_fn is not None
            or value.is_quantized
            or value.grad is not None
            or value.is_conj()
            or value.is_neg()
        ):
            return None
        description = _Description(str(value.dtype).removeprefix("torch."), tuple(value.shape), value.requires_grad)
        flat = value.detach().contiguous().reshape(-1).view(torch.uint8).numpy()
        buffers = (memoryview(flat).cast("B"),) if flat.nbytes else ()
        return Encoded(self.name, msgspec.json.encode(description), buffers)

    def decode(self, in_band: memoryview, buffers: list[memoryview]) -> object:
        try:
            import torch
        except ImportError as error:
            raise NotInstalled("torch", "ml", "reading a tensor") from error
        description = msgspec.json.decode(in_band, type=_Description)
        dtype = getattr(torch, description.dtype)
        if buffers:
            tensor = torch.frombuffer(buffers[0], dtype=torch.uint8).view(dtype).reshape(description.shape)
        else:
            tensor = torch.empty(description.shape, dtype=dtype)
        return tensor.requires_grad_(description.requires_grad)
