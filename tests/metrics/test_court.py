"""Ports: what each said when its code was run; and the court, on mattes worked out by hand."""

import json
import math
import shutil

import numpy as np
import pytest
from conftest import save
from court_cases import cases, expected
from hypothesis import given
from hypothesis import strategies as st

from simd.errors import DataError
from simd.metrics import alpha as ours
from simd.metrics.ports.claims import Candidate, Claim, judge, read_claim
from simd.metrics.ports.court import court
from simd.metrics.ports.measure import measure
from simd.metrics.ports.recipes import AXES, DEPARTURES, MEASURED, PORTS

EXPECTED = expected()
CASES = cases()
NEAR = {"semat": 5e-5}  # its resizing rounds otherwise than OpenCV's


@pytest.mark.parametrize("port", EXPECTED)
def test_a_recipe_gives_what_the_port_said(port):
    for case, said in EXPECTED[port]["values"].items():
        for metric, value in said.items():
            figure = measure(*CASES[case], metric, PORTS[port].recipes[metric])
            wanted = math.nan if value is None else value
            near = pytest.approx(wanted, rel=NEAR.get(port, 5e-6), abs=1e-7, nan_ok=True)
            assert figure == near, f"{case}, {metric}"


def test_every_port_that_counts_as_checked_was_run_on_every_metric_it_has():
    checked = {name: set(port.recipes) for name, port in PORTS.items() if port.checked}
    run = {name: set(next(iter(port["values"].values()))) for name, port in EXPECTED.items()}
    assert checked == run
    assert all(port["version"] and port["date"] for port in EXPECTED.values())


def test_the_stored_values_need_every_departure_of_a_recipe():
    unneeded = {
        (port, metric, dropped)
        for port, said in EXPECTED.items()
        for metric, recipe in PORTS[port].recipes.items()
        for dropped in recipe
        if gives(port, metric, tuple(each for each in recipe if each != dropped), said["values"])
    }
    assert unneeded == set()


def gives(port, metric, recipe, values):
    """Tell whether a recipe gives what a port said of every case."""
    return all(
        measure(*CASES[case], metric, recipe)
        == pytest.approx(
            said[metric] if said[metric] is not None else math.nan, rel=1e-4, abs=1e-7, nan_ok=True
        )
        for case, said in values.items()
    )


def test_every_departure_is_said_in_words_and_used():
    used = {name for port in PORTS.values() for recipe in port.recipes.values() for name in recipe}
    assert used | {name for axes in AXES.values() for name in axes} == set(DEPARTURES)


@given(st.integers(0, 10_000), st.sampled_from(MEASURED[:4]))
def test_a_recipe_without_departures_is_ours(seed, metric):
    draws = np.random.default_rng(seed)
    pred, alpha = draws.integers(0, 256, (2, 6, 7), dtype=np.uint8)
    trimap = draws.choice(np.array([0, 128, 255], np.uint8), (6, 7))
    figure = measure(pred, alpha, trimap, metric, ())
    assert figure == pytest.approx(getattr(ours, metric)(pred, alpha, trimap == 128), nan_ok=True)


@pytest.fixture
def folders(tmp_path):
    """Return predictions and truths of two images, one row each: the first errs in a known pixel, too."""
    rows = {"a": ([51, 0, 0, 255], [0, 0, 255, 255]), "b": ([0, 102, 255, 255], [0, 0, 255, 255])}
    for name, (pred, alpha) in rows.items():
        save(tmp_path / "pred" / f"{name}.png", np.array([pred], np.uint8))
        save(tmp_path / "alpha" / f"{name}.png", np.array([alpha], np.uint8))
        save(tmp_path / "trimap" / f"{name}.png", np.array([[0, 128, 128, 255]], np.uint8))
    return tmp_path


def judge_folders(folders, *claims, **options):
    return court(
        folders / "pred",
        alpha=folders / "alpha",
        trimap=folders / "trimap",
        claims=[read_claim(text) for text in claims],
        **options,
    )


def test_means_by_hand(folders):
    # SAD of unknown pixels: 1 and 102 / 255 = 0.4, in thousands; of all: 1.2 and 0.4
    verdict = judge_folders(folders)
    figure = verdict.of_port("lucida", "sad")
    assert figure.ours == pytest.approx(0.7 / 1000)
    assert figure.value == pytest.approx(0.8 / 1000)
    assert (figure.differing, figure.most) == (1, "a")
    assert figure.alone == {"whole": pytest.approx(1 / 7)}
    assert verdict.of_port("unscaled", "sad").value == pytest.approx(0.7)
    assert verdict.of_port("sim", "sad").differing == 0


@pytest.mark.parametrize("seed", range(4))
def test_what_is_not_measured_twice_is_what_would_have_been_measured(seed, tmp_path):
    draws = np.random.default_rng(seed)
    shape = [(7, 9), (8, 5), (3, 1500), (4, 1400)][seed]
    high = 256 if seed % 2 else 200
    pred, alpha = draws.integers(0, high, (2, *shape), dtype=np.uint8)
    trimap = draws.choice(np.array([0, 128] if seed < 3 else [0, 128, 255], np.uint8), shape)
    pred[trimap == 0] = draws.choice(np.array([0, 255], np.uint8), (trimap == 0).sum())
    alpha[0, :2] = 0, 255
    for name, pixels in (("pred", pred), ("alpha", alpha), ("trimap", trimap)):
        save(tmp_path / name / "a.png", pixels)
    verdict = judge_folders(tmp_path, "sad=1", "grad=1", "conn=1")
    for figure in verdict.figures:
        once = measure(pred, alpha, trimap, figure.metric, figure.recipe)
        assert figure.value == pytest.approx(once, rel=1e-6, nan_ok=True), (figure.port, figure.metric)
    for finding in verdict.findings:
        for candidate in (finding.nearest, *(each for group in finding.reproduced for each in group)):
            if candidate is not None:
                once = measure(pred, alpha, trimap, candidate.metric, candidate.recipe)
                assert candidate.value == pytest.approx(once, rel=1e-6)


def test_a_claim_names_its_recipes_the_simplest_first(folders):
    whole, plain = judge_folders(folders, "sad=0.0008", "sad=0.0007").findings
    assert {each.port for each in whole.reproduced[0]} >= {"lucida", "nobg"}
    assert whole.nearest is None
    assert (plain.reproduced[0][0].port, plain.reproduced[0][0].recipe) == ("", ())


def test_a_claim_of_unscaled_mse_is_found(folders):
    # MSE: 1 / 2 and 0.16 / 2; papers print 290, as it is 0.29
    unscaled, printed = judge_folders(folders, "mse=0.29", "mse=290").findings
    assert "unscaled" in unscaled.reproduced[0][0].recipe
    assert printed.reproduced[0][0].recipe == ()


def test_a_claim_that_nothing_reproduces_has_a_nearest(folders):
    (finding,) = judge_folders(folders, "sad=35.28").findings
    assert finding.reproduced == ()
    assert finding.nearest is not None


def test_a_claim_is_met_to_half_a_per_cent_and_not_beyond():
    candidates = [Candidate("", "sad", (), "images", value) for value in (10.0, 10.2)]
    assert len(judge(Claim("sad", 10.049), candidates).reproduced) == 1
    assert judge(Claim("sad", 10.06), candidates).reproduced == ()
    assert judge(Claim("sad", 10.06), candidates).nearest == candidates[0]


def test_ports_count_an_image_without_unknown_pixels(folders):
    save(folders / "trimap" / "b.png", np.array([[0, 0, 255, 255]], np.uint8))
    verdict = judge_folders(folders)
    assert verdict.empty == 1
    assert verdict.of_port("gca", "sad").ours == pytest.approx(0.001)  # of the first image alone
    assert verdict.of_port("gca", "sad").value == pytest.approx(0.0005)
    assert math.isnan(verdict.of_port("indexnet", "mse").value)


def test_half_precision_overflows_without_a_warning():
    draws = np.random.default_rng(0)
    pred = draws.choice(np.array([0, 255], np.uint8), (500, 500))
    figure = measure(pred, np.zeros_like(pred), np.full_like(pred, 128), "grad", ("two-levels",))
    assert math.isinf(figure)


def test_floats_are_told_from_8_bits(folders):
    levels = np.array([[0, 104.4 / 255 * 65535, 65535, 65535]], np.uint16)
    save(folders / "pred" / "b.png", levels)
    verdict = judge_folders(folders)
    assert verdict.floats
    truncated = next(
        each for each in verdict.figures if (each.metric, each.recipe) == ("sad", ("truncated",))
    )
    assert truncated.value == pytest.approx((1 + 104 / 255) / 2000)
    assert verdict.of_port("sim", "sad").value > truncated.value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sda=3", "unknown metric 'sda'; did you mean 'sad'"),
        ("sad", "has to be metric=figure, as sad=35.28"),
        ("sad=", "'' is not a number above 0"),
        ("sad=-1", "'-1' is not a number above 0; write it as papers do"),
        ("sad=inf", "'inf' is not a number above 0"),
        ("sad=1,5", "'1,5' is not a number above 0"),
    ],
)
def test_a_claim_that_cannot_be_read(text, message):
    with pytest.raises(DataError) as caught:
        read_claim(text)
    assert message in str(caught.value)


def test_the_command_finishes_what_is_there_and_names_the_rest(folders, run_cli):
    truth = ("--alpha", folders / "alpha", "--trimap", folders / "trimap", "--workers", 1)
    done = run_cli("court", folders / "pred", *truth, "--claim", "sad=0.0008", "--out", folders / "court")
    assert done.code == 0, done.err
    assert "sad=0.0008" in done.out
    assert "counts all pixels of the image, not the unknown region alone: 1 of 2 images differ" in " ".join(
        done.out.split()
    )
    assert (folders / "court" / "court.csv").read_text().count("\n") == 1 + len(
        judge_folders(folders).figures
    )

    (folders / "pred" / "b.png").write_bytes(b"not a picture")
    spoilt = run_cli("court", folders / "pred", *truth)
    assert spoilt.code == 1
    assert "GCA-Matting" in spoilt.out
    assert "b.png" in spoilt.err

    (folders / "pred" / "b.png").unlink()
    missing = run_cli("court", folders / "pred", *truth, "--json")
    assert missing.code == 1
    assert json.loads(missing.out)["images"] == 1
    assert "1 of 2 predictions failed" in missing.err


def test_an_interrupted_run_goes_on_and_measures_what_has_changed(folders, monkeypatch):
    state = folders / ".court.partial"

    with monkeypatch.context() as patch:
        patch.setattr("simd.metrics.ports.images.measure", stop_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            judge_folders(folders, state=state)
    assert state.is_dir()
    with pytest.raises(
        DataError, match=r"court.partial: an unfinished court .* or with other claims is noted here"
    ):
        judge_folders(folders, "sad=1", state=state)
    again = []
    with monkeypatch.context() as patch:
        patch.setattr(
            "simd.metrics.ports.images.measure", lambda *given: again.append(given) or measure(*given)
        )
        resumed = judge_folders(folders, state=state)
    assert all(given[0][0, 1] == 102 for given in again)  # of the second image alone
    assert resumed == judge_folders(folders)
    assert not state.exists()


def stop_at_the_second(pred, *rest):
    if pred[0, 1] == 102:
        raise KeyboardInterrupt
    return measure(pred, *rest)


def test_the_command_says_that_nothing_reproduces_a_claim(folders, run_cli):
    truth = ("--alpha", folders / "alpha", "--trimap", folders / "trimap", "--workers", 1)
    done = run_cli("court", folders / "pred", *truth, "--claim", "sad=35.28", "--claim", "sad=0.0007")
    assert done.code == 1
    assert "sad=35.28: nothing reproduces it within 0.5 %" in done.out
    assert "nothing reproduces sad=35.28 within 0.5 %" in done.err
    assert "What reproduces all 2 claims: no port, and not ours." in done.out


def test_nothing_to_measure(folders, run_cli):
    assert "two folders: --alpha DIR --trimap DIR" in run_cli("court", folders / "pred").err
    shutil.rmtree(folders / "pred")
    (folders / "pred").mkdir()
    truth = ("--alpha", folders / "alpha", "--trimap", folders / "trimap")
    assert "holds no prediction" in run_cli("court", folders / "pred", *truth).err
