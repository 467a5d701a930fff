"""Spoilt inputs and options: 200 fixed ones of benchmarks/robustness/fuzz.py end without a fault."""

import sys
from pathlib import Path

import pytest

ROBUSTNESS = Path(__file__).parent.parent / "benchmarks" / "robustness"


@pytest.fixture(scope="module")
def fuzz():
    """Return benchmarks/robustness/fuzz.py, which a clone has and a wheel has not."""
    if not ROBUSTNESS.is_dir():
        pytest.skip("benchmarks/ is in the repository only")
    sys.path.insert(0, str(ROBUSTNESS))
    try:
        import fuzz

        return fuzz
    finally:
        sys.path.remove(str(ROBUSTNESS))


@pytest.mark.slow  # two hundred commands, and the libraries of each
def test_spoilt_inputs_are_refused_with_a_reason_or_accepted_and_never_touched(fuzz):
    trials = list(fuzz.run_trials(range(200), seed=0))
    assert len(trials) == 200
    assert not [trial for trial in trials if trial.verdict in fuzz.FAULTS]
    verdicts = {trial.verdict for trial in trials}
    assert {"refused", "no change", "said", "valid"} <= verdicts  # all ways of accepting are seen


def test_a_command_that_hangs_or_breaks_is_counted_as_such(fuzz):
    trials = [
        fuzz.Trial(0, "index fgs", "a pipe: fgs/a.png", "hang"),
        fuzz.Trial(1, "tag merge a b", "gone: a/b.json", "refused"),
        fuzz.Trial(2, "tag merge a b", "cut off: a/b.json", "touched"),
    ]
    rows = [line.split(" | ") for line in fuzz.table(trials).splitlines()]
    assert rows[0][2:] == ["refused", "no change", "said", "valid", "traceback", "hang", "touched |"]
    assert rows[-1] == ["| all", "3", "1", "0", "0", "0", "0", "1", "1 |"]
    assert [row[0] for row in rows[2:]] == ["| index", "| tag merge", "| all"]
