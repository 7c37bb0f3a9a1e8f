"""Our distances beside those of Evidently, on the same samples."""

import json
import subprocess
from pathlib import Path

import numpy
import pytest

from headwater.hosting.monitor.distances import chi_square, kolmogorov_smirnov, population_stability
from tests.hosting.clients import python_with
from tests.hosting.monitor.counts import counts_of_values

HERE = Path(__file__).parent
WORDS = ("plus", "basic", "gone")


def samples(shift: float, shares: tuple[float, ...]) -> dict[str, dict[str, list[object]]]:
    drawn = numpy.random.default_rng(20261122)
    before = {"number": drawn.normal(size=2000).tolist(), "word": drawn.choice(WORDS, 2000, p=(0.3, 0.4, 0.3)).tolist()}
    now = {"number": drawn.normal(shift, 1, 1500).tolist(), "word": drawn.choice(WORDS, 1500, p=shares).tolist()}
    return {"before": before, "now": now}


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("shift", "shares", "differs"), [(0.3, (0.5, 0.3, 0.2), True), (0.0, (0.3, 0.4, 0.3), False)])
def test_distances_are_those_of_evidently(shift: float, shares: tuple[float, ...], differs: bool) -> None:
    given = samples(shift, shares)
    done = subprocess.run(
        [python_with(HERE / "evidently.lock"), str(HERE / "evidently_program.py")],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    ks, number_psi, word_psi, chi = json.loads(done.stdout.splitlines()[-1])

    before, now = given["before"], given["now"]
    counts = [[each["word"].count(word) for word in WORDS] for each in (before, now)]
    edges = numpy.histogram_bin_edges(before["number"], bins=10)[1:-1]
    bins = [numpy.bincount(numpy.digitize(each["number"], edges), minlength=10).tolist() for each in (before, now)]
    ours = kolmogorov_smirnov(*counts_of_values(before["number"], now["number"]))
    # Theirs is exact where ours is the limit for many values.
    assert ours.p_value == pytest.approx(ks, rel=0.2, abs=0.03)
    # Bins and what stands for an empty one differ a little.
    assert population_stability(*counts) == pytest.approx(word_psi, rel=0.05, abs=0.003)
    assert population_stability(*bins) == pytest.approx(number_psi, rel=0.5, abs=0.03)
    # Theirs takes the reference for exact, ours for a sample: the verdict is the same, not the figure.
    assert (chi_square(*counts).p_value < 0.01, chi < 0.01, ours.p_value < 0.01) == (differs, differs, differs)
