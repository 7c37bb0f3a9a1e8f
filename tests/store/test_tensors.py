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


def test_the_tensors_of_a_module_are_mapped(store):
    module = torch.nn.Sequential(torch.nn.Linear(600, 600), torch.nn.BatchNorm1d(600), torch.nn.Linear(600, 600))
    saved = store.save("x", module)
    loaded = store.load(saved.ref, saved.small)

    assert len(saved.ref.buffers) == 2
    assert store.objects.read_root(saved.ref.digest).payload.nbytes < 40_000
    for name, tensor in module.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)
    assert [type(each) for each in loaded.parameters()] == [torch.nn.Parameter] * 6
    assert all(each.requires_grad for each in loaded.parameters())


@pytest.mark.parametrize("make", [lambda: torch.nn.Linear(600, 600), lambda: torch.nn.Linear(600, 600).state_dict()])
def test_weights_that_were_only_read_are_the_same_and_changed_ones_are_not(store, make):
    saved = store.save("x", make())
    loaded = store.load(saved.ref, saved.small)
    weight = loaded.weight if isinstance(loaded, torch.nn.Module) else loaded["weight"]
    weight.detach().sum()

    assert store.save("x", loaded, before=saved.ref).is_unchanged
    with torch.no_grad():
        weight[599, 599] += 1
    assert not store.save("x", loaded, before=saved.ref).is_unchanged


def test_weights_that_two_layers_share_stay_shared(store):
    module = torch.nn.ModuleList([torch.nn.Linear(300, 300), torch.nn.Linear(300, 300)])
    module[1].weight = module[0].weight
    saved = store.save("x", module)
    loaded = store.load(saved.ref, saved.small)

    assert loaded[0].weight is loaded[1].weight


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.arange(6.0).reshape(2, 3).T,
        lambda: torch.arange(2000.0).reshape(2, 10, 10, 10).to(memory_format=torch.channels_last),
        lambda: torch.arange(2000)[::2],
        lambda: torch.ones(3).expand(4, 3),
        lambda: torch.zeros(2, 0),
        lambda: torch.tensor(True),
        lambda: torch.ones(3000, dtype=torch.bfloat16),
        lambda: torch.tensor([1 + 2j]).conj(),
        lambda: torch.ones(2).to_sparse(),
        lambda: torch.ones(3, requires_grad=True),
        lambda: torch.nn.Parameter(torch.ones(2), requires_grad=False),
    ],
)
def test_a_tensor_inside_of_something_comes_back(store, make):
    value = make()
    saved = store.save("x", [value])
    (loaded,) = store.load(saved.ref, saved.small)

    assert type(loaded) is type(value)
    assert (loaded.dtype, loaded.shape, loaded.requires_grad) == (value.dtype, value.shape, value.requires_grad)
    assert torch.equal(loaded.to_dense(), value.to_dense())
    assert store.save("x", [loaded], before=saved.ref).is_unchanged


def test_what_hangs_on_a_tensor_is_kept(store):
    value = torch.ones(3)
    value.note = "kept"
    saved = store.save("x", [value])

    assert store.load(saved.ref, saved.small)[0].note == "kept"


def test_a_tensor_shows_a_histogram(store):
    header = store.save("x", torch.tensor([0.0, 2.0])).header

    assert (header.shape, header.dtype, header.kind) == ((2,), "float32", "histogram")
    assert header.preview["mean"] == 1
