"""Tensors of torch; skipped where it is not installed."""

import pytest

from headwater.store.artifacts import ArtifactStore

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.arange(5.0),
        lambda: torch.zeros(2, 0),
        lambda: torch.tensor(3),
        lambda: torch.arange(6).reshape(2, 3).T,
        lambda: torch.ones(3, dtype=torch.bfloat16),
        lambda: torch.ones(2, requires_grad=True),
        lambda: torch.tensor([1 + 2j]),
    ],
)
def test_a_tensor_comes_back_without_a_pickle(store: ArtifactStore, make):
    value = make()
    saved = store.save("x", value)
    loaded = store.load(saved.ref, saved.small)

    assert saved.ref.codec == "torch/1"
    assert loaded.dtype == value.dtype
    assert loaded.requires_grad == value.requires_grad
    assert torch.equal(loaded, value)


@pytest.mark.parametrize(
    "make",
    [lambda: torch.ones(2).to_sparse(), lambda: torch.nn.Parameter(torch.ones(2)), lambda: torch.nn.Linear(2, 3)],
)
def test_what_is_no_plain_tensor_is_pickled(store, make):
    saved = store.save("x", make())

    assert saved.ref.codec == "pickle/1"
    assert type(store.load(saved.ref, saved.small)) is type(make())


def test_a_large_tensor_is_mapped_private_and_unchanged_when_only_read(store):
    saved = store.save("x", torch.arange(1 << 20))
    loaded = store.load(saved.ref, saved.small)
    total = loaded.sum()

    assert store.save("x", loaded, before=saved.ref).is_unchanged
    loaded[0] = 99
    assert not store.save("x", loaded, before=saved.ref).is_unchanged
    assert store.load(saved.ref, saved.small).sum() == total


def test_a_tensor_shows_a_histogram(store):
    header = store.save("x", torch.tensor([0.0, 2.0])).header

    assert (header.shape, header.dtype, header.kind) == ((2,), "float32", "histogram")
    assert header.preview["mean"] == 1
