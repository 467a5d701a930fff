import json
import os
from pathlib import Path

import numpy as np
import pytest
import restatement
from hypothesis import given, settings
from hypothesis import strategies as st

from simd.errors import DataError
from simd.image import read_alpha
from simd.metrics.alpha import Errors, conn, errors, grad, mse, sad

GOLDEN = Path(__file__).parents[1] / "golden" / "metrics"
OCTAVE = json.loads((GOLDEN / "expected.json").read_text())
FLOAT64 = json.loads((GOLDEN / "expected_float64.json").read_text())
SKIP_EMPTY = json.loads((GOLDEN / "expected_conn_skip_empty.json").read_text())
METRICS = {"sad": sad, "mse": mse, "grad": grad, "conn": conn}


def steadily(examples):
    """Try the same examples in every run."""
    return settings(derandomize=True, deadline=None, database=None, max_examples=examples)


def load_case(case):
    """Return pred, alpha and the unknown region of a reference case."""
    folder = GOLDEN
    if not (folder / f"{case}_gt.png").is_file():
        if "SIMD_TEST_DATA" not in os.environ:
            pytest.skip("this photograph is not ours to ship; SIMD_TEST_DATA names the folder that has it")
        folder = Path(os.environ["SIMD_TEST_DATA"]) / "golden" / "metrics"
    pred, alpha, trimap = (read_alpha(folder / f"{case}_{part}.png") for part in ("pred", "gt", "trimap"))
    return pred, alpha, trimap == 128


def as_dtype(matte, dtype):
    return matte if dtype == np.uint8 else (matte / 255).astype(dtype)


def near(expected, relative):
    return pytest.approx(np.nan if expected is None else expected, rel=relative, abs=1e-9, nan_ok=True)


# What drawn mattes are made of: few values make ties and equal neighbours, thresholds make equalities.
PALETTES = (
    [0, 255],
    [0, 51, 102, 153, 204, 255],
    [0, 25, 26, 50, 51, 76, 77, 101, 102, 127, 128, 152, 153, 178, 179, 203, 204, 229, 230, 254, 255],
    [0, 26, 230],
    [153, 179, 204],
    [0, 0, 0, 255, 128],
    list(range(256)),
)


@st.composite
def cases(draw):
    """Draw pred, alpha, region (uint8, uint8, bool) of one small size, rich in ties and thresholds."""
    shape = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    palette = np.array(draw(st.sampled_from(PALETTES)), np.uint8)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pred, alpha = rng.choice(palette, shape), rng.choice(palette, shape)
    if draw(st.booleans()):  # few changes only: large components
        pred = np.where(rng.random(shape) < 0.2, pred, alpha)
    if draw(st.booleans()):  # long runs
        pred, alpha = (np.repeat(m, 3, axis=1)[:, : shape[1]] for m in (pred, alpha))
    return pred, alpha, rng.random(shape) < draw(st.sampled_from([0.0, 0.3, 0.8, 1.0]))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("case", OCTAVE)
def test_reference_cases(case, dtype):
    pred, alpha, unknown = load_case(case)
    scores = errors(as_dtype(pred, dtype), as_dtype(alpha, dtype), unknown)._asdict()
    relative = 1e-9 if dtype != np.float32 else 2e-7  # v / 255 itself is rounded in float32
    for name, value in scores.items():
        assert value == near(OCTAVE[case][name], 5e-6), name
        assert value == near(FLOAT64[case][name], relative), name
    assert conn(as_dtype(pred, dtype), as_dtype(alpha, dtype), unknown, empty="skip") == near(
        SKIP_EMPTY.get(case, OCTAVE[case])["conn"], 5e-6
    )


def test_sad_and_mse_by_hand():
    pred = np.array([[0.5, 1.0], [0.0, 0.25]])
    alpha = np.array([[0.0, 1.0], [0.75, 0.0]])
    unknown = np.array([[True, True], [True, False]])
    # |0.5 - 0| + |1 - 1| + |0 - 0.75|, the last pixel is known: 1.25 / 1000
    assert sad(pred, alpha, unknown) == pytest.approx(0.00125)
    # and the squares of the same: 0.25 + 0 + 0.5625 over three pixels
    assert mse(pred, alpha, unknown) == pytest.approx(0.8125 / 3)


def test_sad_does_not_wrap_around():
    pred, alpha = np.zeros((2, 2), np.uint8), np.full((2, 2), 255, np.uint8)
    assert sad(pred, alpha, alpha == 255) == 0.004  # four pixels that are wrong by 1


def test_grad_of_a_ramp_by_hand():
    alpha = np.tile(np.arange(101) / 100, (40, 1))
    pred = 1 - np.round(alpha)  # the ramp has slope 1/100, its gradient is 1/100 * sum(a) * sum(k b[k])
    inside = np.zeros(alpha.shape, dtype=bool)
    inside[:, 10:30] = True  # pred is flat there, 20 * 40 pixels
    a = np.array([0.634817689, *2 * np.array([0.491880506, 0.228818632, 0.063906398, 0.010715649])])
    b = 2 * np.array([0.496888669, 0.462296774, 0.193671216, 0.043299009])
    slope = 0.01 * a.sum() * (b @ [1, 2, 3, 4])
    assert grad(pred, alpha, inside) == pytest.approx(800 * slope**2 / 1000, rel=1e-8)


def test_conn_takes_the_first_of_equal_components_in_column_order():
    alpha = np.zeros((3, 5), np.uint8)
    alpha[0, 3:] = alpha[2, :2] = 255  # two pieces of two pixels: one first by rows, one by columns
    pred = np.where(alpha == 255, np.uint8(255), np.uint8(128))
    pred[2, :2], pred[0, 3:] = 230, 204
    # Omega is the lower piece up to 0.8 (0.9: it alone), so the upper has l = 0: |1 - 204/255| each;
    # the lower has l = 0.9 and no jump of 0.15 in either
    upper = alpha.astype(bool) & (np.arange(3) == 0)[:, None]
    assert conn(pred, alpha, upper) == pytest.approx(2 * (1 - 204 / 255) / 1000)
    assert conn(pred, alpha, (alpha == 255) & ~upper) == 0


def test_conn_joins_sides_but_not_corners():
    alpha = np.diag([255, 255, 255]).astype(np.uint8)
    pred = np.diag([255, 255, 51]).astype(np.uint8)
    # Three pieces of one pixel: Omega is the first up to 1, the others have l = 0
    assert conn(pred, alpha, np.ones((3, 3), dtype=bool)) == pytest.approx((1 - 51 / 255) / 1000)


@pytest.mark.parametrize("value", [51, 102, 153, 204, 255])
def test_conn_counts_a_value_on_a_threshold_in_every_dtype(value):
    alpha = np.array([[255, 255, 0]], np.uint8)
    pred = np.array([[255, value, 0]], np.uint8)
    # The second pixel is connected up to its own value: it has no jump, alpha has what it is above l
    jump = (255 - value) / 255
    for dtype in (np.uint8, np.float32, np.float64):
        result = conn(as_dtype(pred, dtype), as_dtype(alpha, dtype), alpha == 255)
        assert result == pytest.approx(jump / 1000, rel=1e-6)


@steadily(2500)
@given(cases())
def test_equal_to_the_restatement(case):
    pred, alpha, region = case
    for name, metric in METRICS.items():
        expected = getattr(restatement, name)(pred, alpha, region)
        assert metric(pred, alpha, region) == near(expected, 1e-9), name
    assert conn(pred, alpha, region, empty="skip") == near(
        restatement.conn(pred, alpha, region, empty="skip"), 1e-9
    )


def test_the_documentation_prints_the_restatement():
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    printed = text.partition("## The same in NumPy")[2].partition("```python\n")[2].partition("```")[0]
    tested = Path(restatement.__file__).read_text().partition('"""\n')[2]
    assert printed.strip() == tested.strip()


@steadily(1500)
@given(cases(), st.sampled_from([np.float32, np.float64]), st.booleans(), st.integers(0, 2**32 - 1))
def test_floats_equal_the_restatement(case, dtype, on_thresholds, seed):
    pred, alpha, region = case
    if on_thresholds:  # tenths and values 0.15 above them, rounded as the dtype rounds them
        values = np.array([k / 20 for k in range(21)], dtype)
        pred, alpha = values[pred % 21], values[alpha % 21]
    else:
        noise = np.random.default_rng(seed).uniform(0, 1 / 256, (2, *pred.shape))
        pred, alpha = ((m / 256 + n).astype(dtype) for m, n in zip((pred, alpha), noise, strict=True))
    for name, metric in METRICS.items():
        expected = getattr(restatement, name)(pred, alpha, region)
        assert metric(pred, alpha, region) == near(expected, 1e-9), name
    assert conn(pred, alpha, region, empty="skip") == near(
        restatement.conn(pred, alpha, region, empty="skip"), 1e-9
    )


@steadily(500)
@given(
    cases(), st.sampled_from([np.float32, np.float64]), st.sampled_from([np.uint8, np.float32, np.float64])
)
def test_dtypes_agree(case, dtype_pred, dtype_alpha):
    pred, alpha, region = case
    mixed = errors(as_dtype(pred, dtype_pred), as_dtype(alpha, dtype_alpha), region)
    for name, value in errors(pred, alpha, region)._asdict().items():
        assert getattr(mixed, name) == pytest.approx(value, rel=1e-6, abs=1e-7, nan_ok=True), name


@steadily(300)
@given(cases())
def test_properties(case):
    pred, alpha, region = case
    scores = errors(pred, alpha, region)
    assert scores == pytest.approx(Errors(*(m(pred, alpha, region) for m in METRICS.values())), nan_ok=True)
    assert errors(alpha, pred, region) == pytest.approx(scores, nan_ok=True)
    nan_if_empty = 0.0 if region.any() else np.nan
    assert errors(alpha, alpha, region) == pytest.approx((0.0, nan_if_empty, 0.0, 0.0), nan_ok=True)
    differ = (pred != alpha)[region].any()
    assert (scores.sad > 0) == differ
    assert (scores.mse > 0) == differ
    for flip in (np.s_[::-1], np.s_[:, ::-1]):
        flipped = errors(pred[flip], alpha[flip], region[flip])
        assert flipped[:3] == pytest.approx(scores[:3], rel=1e-9, abs=1e-12, nan_ok=True)
    part = region & (np.arange(region.size).reshape(region.shape) % 3 == 0)
    for name in ("sad", "grad", "conn"):
        parts = METRICS[name](pred, alpha, part) + METRICS[name](pred, alpha, region & ~part)
        assert parts == pytest.approx(getattr(scores, name), rel=1e-9, abs=1e-12)


def test_large_mattes_equal_the_restatement():
    rng = np.random.default_rng(7)  # wide rows, many stretches, both sides of the nine-row window
    alpha = np.clip(rng.normal(128, 120, (60, 300)), 0, 255).astype(np.uint8)
    pred = np.clip(alpha + rng.normal(0, 30, alpha.shape), 0, 255).astype(np.uint8)
    region = rng.random(alpha.shape) < 0.1
    region[20:40, 100:250] = True
    for name, metric in METRICS.items():
        assert metric(pred, alpha, region) == pytest.approx(
            getattr(restatement, name)(pred, alpha, region), rel=1e-9
        )


def test_memory_layout_does_not_matter_and_inputs_stay_as_they_are():
    pred, alpha, region = load_case("02_hair")
    expected = errors(pred, alpha, region)
    before = pred.copy(), alpha.copy()
    fortran = np.asfortranarray(pred)
    strided = np.repeat(alpha, 2, axis=1)[:, ::2]
    frozen = region.copy()
    frozen.flags.writeable = False
    assert errors(fortran, strided, frozen) == expected
    big_endian = (pred / 255).astype(">f8"), (alpha / 255).astype(">f8")
    assert errors(*big_endian, region) == pytest.approx(expected)
    half = (pred / 255).astype(np.float16)
    assert errors(half, half, region) == Errors(0, 0, 0, 0)
    np.testing.assert_array_equal((pred, alpha), before)


MATTE, REGION = np.zeros((4, 6)), np.ones((4, 6), dtype=bool)


@pytest.mark.parametrize("metric", [sad, mse, grad, conn, errors])
@pytest.mark.parametrize(
    ("pred", "alpha", "region", "message"),
    [
        (
            np.zeros((6, 4)),
            MATTE,
            REGION,
            r"pred \(6, 4\), alpha \(4, 6\) and region \(4, 6\) must share one",
        ),
        (MATTE, MATTE, REGION[:2], r"and region \(2, 6\) must share one \(H, W\); resize the prediction"),
        (np.zeros((4, 6, 1)), np.zeros((4, 6, 1)), REGION[..., None], r"are \(4, 6, 1\); pass one channel"),
        (np.zeros((0, 6)), np.zeros((0, 6)), REGION[:0], r"at least one pixel, these are \(0, 6\)"),
        (
            MATTE,
            MATTE.astype(int),
            REGION,
            r"alpha is int64; a matte is uint8 in 0..255 or float in \[0, 1\]",
        ),
        (REGION, MATTE, REGION, "pred is bool; a matte is uint8"),
        (
            MATTE + 255,
            MATTE,
            REGION,
            "pred is float64 and holds values from 255 to 255; .* divide 0..255 by 255",
        ),
        (MATTE, MATTE - 0.01, REGION, "alpha is float64 and holds values from -0.01 to -0.01"),
        (MATTE * np.nan, MATTE, REGION, "pred is float64 and holds nan"),
        (
            MATTE.astype(np.float32) + np.float32(1.5),
            MATTE,
            REGION,
            "pred is float32 and holds values from 1.5",
        ),
        (
            MATTE,
            MATTE,
            REGION * np.uint8(128),
            "region is uint8, but has to be a boolean mask; of a trimap, pass",
        ),
    ],
)
def test_bad_input_is_named(metric, pred, alpha, region, message):
    with pytest.raises(DataError, match=message):
        metric(pred, alpha, region)


def test_unknown_variant_of_conn_is_refused():
    with pytest.raises(DataError, match="empty is 'pass', but has to be 'stop'"):
        conn(MATTE, MATTE, REGION, empty="pass")
