"""Layouts of random flows, run by a machine that moves tokens in random order: what happens must not depend on it."""

import pytest

from headwater.flow.levels import Layout, Node, lay_out
from tests.flow.random_flows import Builder, flow, mutated_nodes, random_nodes
from tests.flow.token_machine import Machine, Stuck


def runs_of(nodes: dict[str, Node], layout: Layout, decide: int) -> list[list]:
    names = list(nodes)
    return [Machine(nodes, layout, names[0], names[-1], decide, schedule).run() for schedule in range(3)]


def lay_out_all(nodes: dict[str, Node]) -> Layout:
    names = list(nodes)
    return lay_out(nodes, names[0], names[-1])


@pytest.mark.parametrize("seed", range(150))
def test_a_flow_built_of_nested_blocks_is_accepted_and_runs_the_same_in_every_order(seed: int) -> None:
    nodes = Builder(seed).build(2)
    layout = lay_out_all(nodes)

    assert layout.problems == []
    for decide in range(2):
        first, *others = runs_of(nodes, layout, decide)
        assert all(other == first for other in others)


@pytest.mark.parametrize("block", range(10))
def test_whatever_is_accepted_runs_the_same_in_every_order(block: int) -> None:
    accepted = 0
    for seed in range(block * 300, (block + 1) * 300):
        nodes = mutated_nodes(seed) if seed % 3 else random_nodes(seed, 4 + seed % 5)
        layout = lay_out_all(nodes)
        if layout.problems:
            continue
        accepted += 1
        for decide in range(2):
            first, *others = runs_of(nodes, layout, decide)
            assert all(other == first for other in others), (seed, nodes)

    assert accepted > 20


def test_the_machine_notices_joins_that_do_not_wait() -> None:
    nodes = flow(a="split b c", b="linear d", c="linear e", e="linear d", d="join f", f="end")
    layout = lay_out_all(nodes)
    layout.waits_for["d"] = ()

    with pytest.raises(Stuck):
        for decide in range(20):
            runs_of(nodes, layout, decide)


def test_the_machine_notices_joins_that_wait_for_each_other() -> None:
    nodes = flow(a="split b c d", b="linear e", c="linear e", e="join f", d="linear f", f="join g", g="end")
    layout = lay_out_all(nodes)
    layout.waits_for["e"] = (*layout.waits_for["e"], "d", "f")

    with pytest.raises(Stuck):
        runs_of(nodes, layout, 0)
