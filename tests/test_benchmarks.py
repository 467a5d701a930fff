"""Every program of benchmarks/ runs, at a tiny size, as its documented command does: in its own process."""

import csv
import importlib.util
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import save, soft_alpha
from hypothesis import given
from hypothesis import strategies as st
from tools.mongod import running_mongod

import simd
from simd.composition.build import build
from simd.errors import DataError

ROOT = Path(__file__).parent.parent
BENCHMARKS = ROOT / "benchmarks"
HELPERS = {
    "speed/matting_cases.py",
    "speed/cutout_page.py",
    "robustness/forked.py",
    "robustness/picture_faults.py",
    "robustness/set_faults.py",
    "robustness/source_faults.py",
    "robustness/spoilt_inputs.py",
    "robustness/whole_inputs.py",
}
PROGRAMS = sorted(
    str(file.relative_to(BENCHMARKS)) for file in BENCHMARKS.rglob("*.py") if "__pycache__" not in file.parts
)
QUICK = [
    "comparison_coverage.py --trials 2",
    "colour_distance.py --per-class 1 --size 64",
    "court_ports.py",
    "explain_calibration.py --sets 1",
    "quirks.py",
    "speed/balance.py",
    "speed/intervals.py",
    "tagging.py --per-kind 1 --size 64",
]
SLOW = [  # several processes, numba's compilation, or sizes that are fixed
    "speed/evaluate.py --images 20 --workers 1 --size 48x64",
    "speed/evaluate.py --images 20 --workers 1 --size 48x64 --folders",
    "closed_form_truth.py --only 1 --megapixels 0.004",
    "held_pixels.py --only 1 --megapixels 0.004",
    "open_set.py --spec simd-open-mini --foregrounds 1",
    "robustness/disk_full.py --sizes 1 --only merge",
    "robustness/faults.py --faults 24",
    "robustness/fuzz.py --inputs 2 --workers 1",
    "robustness/kill.py --kills 12",
    "robustness/training_kills.py --kills 1 --steps 2",
    "scale.py start 40",
    "scale.py cluster 40",
    "scale.py growth 40 80",
    "speed/growth.py duplicates 100 200",
    "speed/growth.py board 100",
    "speed/growth.py embed 100",
    "speed/growth.py neighbours 100",
    "speed/growth.py rows 100",
    "speed/growth.py signing 4000",
    "speed/growth.py stats 4000",
    "speed/cluster.py --composites 20 --side 48 --items 20",
    "speed/class_statistics.py --images 4 --patches 60 --workers 1 --foregrounds synthetic:1@64",
    "speed/classical.py --only 1 --megapixels 0.005",
    "speed/classical.py --only 1 --megapixels 0.005 --method random-walk",
    "speed/classical.py --only 8 --threads --megapixels 0.005",
    "speed/classical.py --only 1 --alone --megapixels 0.005",
    "speed/classical.py --only 8 --growth --megapixels 0.003 0.006",
    "speed/loader.py --alone --foregrounds 2 --backgrounds 2 --samples 8 --rounds 1",
    "speed/limits.py --megapixels 0.02 --rounds 1",
    "speed/metrics.py --rounds 1 --pictures hair noise",
    "speed/png.py --rounds 1",
    "speed/cutout.py --only 1 --strokes 2 --megapixels 0.01",
    "speed/cutout_auto.py 0.01 --whole",
    "speed/solve_again.py --only 1 --strokes 6 --megapixels 0.005",
    "fba_reference.py",
    "shm.py work --tiny --each 1 --size 64",
    "speed/methods.py trimap random-walk sim gca shm vitmatte --small --megapixels 0.004",
    "speed/sim.py --rounds 1 --size 64 64",
    "speed/synthetic.py --size 64 --seeds 1 --stream 1",
]
WITH_INPUTS = {
    "ablation.py",
    "fused.py",
    "fused_held_back.py",
    "leaderboard.py",
    "speed/fused.py",
    "speed/compose.py",
    "speed/build.py",
    "real_neighbours.py",
    "tagging_photographs.py",
    "cutout_photographs.py",
}  # each has a test below
WITH_A_DATABASE = {"browse.py"}  # FiftyOne's

pytestmark = pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="benchmarks/ is in the repository only")


def run(program: str, *arguments: object, folder: Path, **variables: str) -> str:
    """Run a program in an empty folder; return what it printed."""
    environment = {k: v for k, v in os.environ.items() if k != "SIMD_TEST_DATA"}
    environment |= {"PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / program), *map(str, arguments)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_every_program_is_run_here():
    commands = {command.split()[0] for command in [*QUICK, *SLOW]}
    assert set(PROGRAMS) == commands | WITH_INPUTS | WITH_A_DATABASE | HELPERS


def test_no_program_hides_a_module_of_the_standard_library():
    # A program's folder comes first where it imports from: its neighbours would get it in the module's place.
    assert not {Path(program).stem for program in PROGRAMS} & sys.stdlib_module_names


def test_every_documented_command_names_a_program():
    documented = set()
    for file in [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *BENCHMARKS.rglob("*.md"),
        *BENCHMARKS.rglob("*.py"),
    ]:
        documented |= set(re.findall(r"python benchmarks/([\w/]+\.py)", file.read_text(encoding="utf-8")))
    assert documented <= set(PROGRAMS) - HELPERS
    assert len(documented) > 15


@pytest.mark.parametrize("command", [*QUICK, *(pytest.param(c, marks=pytest.mark.slow) for c in SLOW)])
def test_a_program_runs(command, tmp_path):
    assert run(*command.split(), folder=tmp_path).strip()


@pytest.mark.slow  # draws and builds three times
def test_composing_runs_beside_a_released_generator(tmp_path):
    # In place of the released code, which is not here, its function is played by ours.
    checkout = tmp_path / "SIM" / "dataset"
    checkout.mkdir(parents=True)
    (checkout / "generate_testset.py").write_text("""
import shutil
from simd.composition.build import build

def load_test_samples(foregrounds, backgrounds, file_list, out):
    options = {"protocol": "simd-2021", "layout": "simd-2021", "file_list": file_list}
    build(out + "-ours", foregrounds=foregrounds, backgrounds=backgrounds, any_licence=True, **options)
    shutil.move(out + "-ours-released", out)
""")
    printed = run("speed/compose.py", checkout.parent, "--foregrounds", 1, "--rounds", 1, folder=tmp_path)
    assert "all 30 images of the two programs have equal pixels" in printed


@pytest.mark.slow
def test_building_runs_beside_an_earlier_version(tmp_path):
    small = ("--turns", 1, "--only", 1, "--megapixels", 0.005)
    printed = run("speed/build.py", ROOT, *small, folder=tmp_path)
    assert "earlier  now" in printed
    assert len(printed.splitlines()) == 4


@pytest.mark.slow  # two processes compile
def test_fused_is_timed_beside_an_earlier_version(tmp_path):
    printed = run("speed/fused.py", ROOT, "--only", 1, "--megapixels", 0.01, folder=tmp_path)
    assert re.search(r"^1 pictures( +\d+\.\d\d){5}$", printed, re.MULTILINE)


@pytest.mark.slow
def test_methods_are_compared_with_what_they_weigh(tmp_path):
    folder = tmp_path / "photographs"
    for name in ("fur_a", "fur_b"):
        save(folder / "fg" / f"{name}.png", np.full((*soft_alpha().shape, 3), 90, np.uint8))
        save(folder / "alpha" / f"{name}.png", soft_alpha())
        save(folder / "bg" / f"{name}_bg.png", np.full((80, 90, 3), 20, np.uint8))
    table = ["file,role,class_guess,alpha_kind,licence"]
    for name, kind in (("fur_a", "hand_cut"), ("fur_b", "predicted")):
        table += [f"{part}/{name}.png,{part},fur,{kind},CC0" for part in ("fg", "alpha")]
        table += [f"bg/{name}_bg.png,background,,,CC0"]
    (folder / "provenance.csv").write_text("\n".join(table) + "\n")
    command = ("fused.py", tmp_path / "work", "--photographs", folder, "--methods", "trimap")
    printed = run(*command, folder=tmp_path)
    assert re.search(r"^truth, all +2 ", printed, re.MULTILINE)
    assert re.search(r"^not truth, all +2 ", printed, re.MULTILINE)
    assert "better in 0 of 1 classes" in printed
    assert run(*command, folder=tmp_path) == printed  # and nothing is made again


def test_fused_is_compared_by_the_scores_of_the_leaderboard(tmp_path):
    printed = run("fused.py", "--entries", "simd-open-mini", folder=tmp_path)
    images, *means, ratio = re.search(r"^all +(.*)", printed, re.MULTILINE)[1].split()
    of_method = []
    for name in ("closed-form", "shared", "fused"):
        file = BENCHMARKS / "leaderboard" / "simd-open-mini" / name / "scores.csv"
        with file.open(newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["region"] == "unknown"]
        of_method.append(sum(float(row["sad"]) for row in rows) / len(rows))  # four images of each class
    assert images == "80"
    assert [float(mean) for mean in means] == pytest.approx(of_method, abs=6e-4)
    assert float(ratio) == pytest.approx(of_method[2] / min(of_method[:2]), abs=6e-4)


def test_weights_of_fused_are_scored_on_examples_that_were_held_back(tmp_path):
    pytest.importorskip("torch")
    from simd.training.fused_examples import ALPHA, TRIMAP, Examples
    from simd.training.recipe import read_recipe, recipe_text
    from simd.trimap import trimap_of

    sizes = ("examples.side=96", "examples.drawn=[96]", "examples.crop=64", "examples.late_crop=64")
    recipe = read_recipe("fused", [*sizes, "validation.samples=2", "examples.radii=[3]"])
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.toml").write_text(recipe_text(recipe))
    printed = run("fused_held_back.py", "run", folder=tmp_path)
    sads = {"closed-form": 0.0, "shared": 0.0, "fused": 0.0}
    examples = Examples(recipe.examples, recipe.validation.seed)
    for example in (examples[0], examples[1]):
        image, trimap, alpha = (np.ascontiguousarray(example[..., at]) for at in (slice(0, 3), TRIMAP, ALPHA))
        for name in sads:
            matte = np.rint(simd.matte(image, trimap, method=name) * 255) / 255
            sads[name] += np.abs(matte - alpha / 255)[trimap == 128].sum()
    expected = sads["fused"] / min(sads["closed-form"], sads["shared"])
    assert float(printed.splitlines()[-1].split()[1]) == pytest.approx(expected, abs=3e-3)
    printed = run(
        "fused_held_back.py", "run", "--plain", "64", "--count", "1", "--seed", "5", folder=tmp_path
    )
    assert printed.startswith("1 examples of seed 5")
    kept = np.load(tmp_path / "run" / "plain-64" / "5" / "00000.npy")[0]
    assert np.array_equal(kept[..., TRIMAP], trimap_of(kept[..., ALPHA], 3))  # the protocol's, at 64 pixels
    hardly = ("--hardly-known", "64", "--count", "8", "--seed", "5")
    printed = run("fused_held_back.py", "run", *hardly, folder=tmp_path)
    kept = np.load(tmp_path / "run" / "hardly-known-64" / "5" / "00000.npy")[:8]
    alone = [((t := each[..., TRIMAP]) == 0).any() and not (t == 255).any() for each in kept]
    nothing = [each[..., ALPHA][each[..., TRIMAP] == 128].sum() / 255e3 for each in kept[alone]]
    rows = [line.split("%")[1].split() for line in printed.splitlines()[3:]]
    assert sum(int(row[0]) for row in rows) == sum(alone) > 0
    in_all = sum(int(row[0]) * float(row[1]) for row in rows)
    assert in_all == pytest.approx(sum(nothing), abs=0.01 * len(nothing))


@pytest.mark.slow
def test_objects_of_several_classes_are_compared_by_region(tmp_path):
    spec = tmp_path / "mixed.toml"
    spec.write_text(
        'foregrounds = "synthetic-mixed:1@96:test"\nbackgrounds = "scenes:3@96"\nper-foreground = 1\n'
    )
    command = ("fused.py", tmp_path / "work", "--spec", spec, "--methods", "trimap")
    printed = run(*command, folder=tmp_path)
    (of_lace,) = re.findall(r"^region lace +(.*)", printed, re.MULTILINE)
    images, closed_form, shared, _, ratio = map(float, of_lace.split())
    of_region = {}
    for name in ("closed-form", "shared", "trimap"):
        with (tmp_path / "work" / "scores" / f"{name}.csv").open(newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["region"] == "lace"]
        of_region[name] = [float(row["sad"]) for row in rows]
    assert images == len(of_region["trimap"]) >= 1
    means = {name: sum(values) / len(values) for name, values in of_region.items()}
    assert closed_form == pytest.approx(means["closed-form"], abs=6e-4)
    assert shared == pytest.approx(means["shared"], abs=6e-4)
    assert ratio == pytest.approx(means["trimap"] / min(closed_form, shared), rel=5e-3)


def test_an_entry_of_the_leaderboard_is_made_where_something_has_changed(tmp_path):
    shutil.copytree(BENCHMARKS / "leaderboard", tmp_path / "entries")
    command = ("leaderboard.py", "work", "--methods", "trimap", "--entries", "entries")
    printed = run(*command, folder=tmp_path)
    assert printed == "simd-open-mini trimap: as it is\nsimd-open trimap: as it is\n"
    assert not (tmp_path / "work").exists()


@pytest.mark.slow  # builds simd-open-mini
def test_an_entry_out_of_date_is_made_anew(tmp_path):
    shutil.copytree(BENCHMARKS / "leaderboard", tmp_path / "entries")
    folder = tmp_path / "entries" / "simd-open-mini" / "trimap"
    rows, card = (folder / "scores.csv").read_text(), (folder / "card.toml").read_text()
    (folder / "card.toml").write_text(card.replace('version = "1"', 'version = "0"'))
    command = ("--sets", "simd-open-mini", "--methods", "trimap", "--entries", "entries")
    printed = run("leaderboard.py", "work", *command, folder=tmp_path)
    assert printed.startswith("simd-open-mini trimap: made, its version changed")
    assert (folder / "scores.csv").read_text() == rows


def test_real_mattes_are_put_among_generated_ones(tmp_path):
    build(tmp_path / "set", foregrounds="synthetic:1@64", backgrounds="builtin", per_class=1)
    save(tmp_path / "real" / "alpha" / "mine.png", soft_alpha())
    (tmp_path / "real" / "provenance.csv").write_text(
        "file,role,class_guess,alpha_kind\nalpha/mine.png,alpha,fur,derived\n"
    )
    printed = run("real_neighbours.py", "set", "real", "--out", "real.csv", folder=tmp_path)
    assert "own class among the 5 nearest" in printed
    assert len((tmp_path / "real.csv").read_text().splitlines()) == 2


@pytest.mark.slow  # fits a model for each of three photographs
def test_proposals_are_compared_with_annotations(test_data, tmp_path):
    for name in ("fur_rabbit", "hair_easy_long", "leaf_weed"):
        for layer in ("fg", "alpha"):
            (tmp_path / layer).mkdir(exist_ok=True)
            for file in (test_data / "data" / "real" / layer).glob(f"{name}.*"):
                shutil.copy(file, tmp_path / layer)
        for file in (ROOT / "annotations" / "regions").glob(f"{name.replace('_', '-')}-*"):
            (tmp_path / "annotations").mkdir(exist_ok=True)
            shutil.copy(file, tmp_path / "annotations")
    printed = run("tagging_photographs.py", ".", "--annotations", "annotations", folder=tmp_path)
    assert "mean of 3" in printed


@pytest.mark.slow  # trains three networks
def test_an_arm_of_the_ablation_is_trained_once(tmp_path):
    sizes = ("--tiny", "--steps", 1, "--out", "work", "--results", "rows.jsonl")
    first = run("ablation.py", *sizes, "--arm", "+S+D+G", "--seed", 3, folder=tmp_path)
    assert "+S+D+G seed 3: SAD" in first
    rows = (tmp_path / "rows.jsonl").read_text()
    assert len(rows.splitlines()) == 2  # the floor's, and its own
    again = run("ablation.py", *sizes, "--arm", "+S+D+G", "--seed", 3, "--table", folder=tmp_path)
    assert "holds the rows asked for" in again
    assert "| +S+D+G |" in again
    assert (tmp_path / "rows.jsonl").read_text() == rows


@pytest.fixture(scope="module")
def ablation():
    specification = importlib.util.spec_from_file_location("ablation", BENCHMARKS / "ablation.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def ablation_row(arm, seed, sads, **facts):
    """Return a row of the ablation: two classes of three foregrounds."""
    classes = {name: {f"{name}{i}": sads[name][i] for i in range(3)} for name in ("fire", "fur")}
    mean = sum(sum(of_class.values()) for of_class in classes.values()) / 6
    row = {"arm": arm, "seed": seed, "steps": 4, "cpu_minutes": 1.0, "set": "a", "shared": ["b", "c"]}
    return {**row, "sad": mean, "sad_by_class_and_foreground": classes, **facts}


def cells(table, first):
    """Return the cells of a row of the tables of what was measured."""
    return [cell.strip() for cell in table.split(f"| {first} |")[1].split("\n")[0].split("|")][:-1]


SIX_SADS = st.fixed_dictionaries(
    {name: st.lists(st.floats(0, 50), min_size=3, max_size=3) for name in ("fire", "fur")}
)


@given(st.lists(SIX_SADS, min_size=4, max_size=4), st.randoms())
def test_the_ablation_averages_seeds_and_subtracts_arms(ablation, drawn, randomly):
    rows = [
        ablation_row(arm, seed, sads)
        for (arm, seed), sads in zip(itertools.product(("basic", "+S"), (0, 1)), drawn, strict=True)
    ]
    printed = ablation.table(rows)
    first, second = ((a["sad"] + b["sad"]) / 2 for a, b in (rows[:2], rows[2:]))
    assert float(cells(printed, "basic")[0]) == pytest.approx(first, abs=6e-4)
    assert float(cells(printed, "+S less basic")[0].split()[0]) == pytest.approx(second - first, abs=6e-4)
    randomly.shuffle(rows)
    assert ablation.table(rows) == printed


def test_the_ablation_says_what_chance_explains(ablation):
    def rows(arm, shift, spread):
        steady = {"fire": [5, 6, 7], "fur": [7, 8, 9]}
        for seed in range(3):
            near = {
                name: [sad + shift + spread * (seed - 1) + 0.01 * i for i, sad in enumerate(sads)]
                for name, sads in steady.items()
            }
            yield ablation_row(arm, seed, near)

    def verdict(*rows):
        return cells(ablation.table([row for of_arm in rows for row in of_arm]), "+S less basic")[3]

    assert verdict(rows("basic", 0, 0.01), rows("+S", -1, 0.01)) == "no"
    assert verdict(rows("basic", 0, 1), rows("+S", -1, 1)) == "yes, of seeds"
    uneven = [ablation_row("+S", seed, {"fire": [3, 9, 6], "fur": [9, 5, 9]}) for seed in range(3)]
    assert verdict(rows("basic", 0, 0.01), uneven) == "yes, of foregrounds"
    single = list(rows("basic", 0, 0.01))[:1], list(rows("+S", -1, 0.01))[:1]
    assert verdict(*single) == "not known, of seeds"  # one seed does not tell how far seeds differ


def test_the_seeds_reach_is_that_of_students_t(ablation):
    # Two arms of three seeds: pooled variance 1, 4 degrees of freedom, 2.7764 sqrt(2/3).
    rows = [
        ablation_row(arm, seed, {"fire": [sad] * 3, "fur": [sad] * 3})
        for arm in ("basic", "+S")
        for seed, sad in enumerate((4.0, 5.0, 6.0))
    ]
    arms = [ablation.Arm(rows[:3]), ablation.Arm(rows[3:])]
    assert ablation.seed_reach(arms, *arms) == pytest.approx(2.7764 * (2 / 3) ** 0.5, abs=1e-3)


def test_the_ablation_mixes_no_runs_of_other_lengths(ablation, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(ablation_row("basic", 0, {"fire": [5, 6, 7], "fur": [7, 8, 9]})) + "\n")
    with pytest.raises(DataError, match="holds rows of 4 steps, not 9; name another --results"):
        ablation.Ablation(tmp_path / "work", rows, 9, tiny=True).add([("basic", 0)])
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("other", [{"steps": 5}, {"set": "z"}, {"shared": ["b", "z"]}])
def test_the_ablation_refuses_rows_that_were_made_otherwise(ablation, other):
    sads = {"fire": [5, 6, 7], "fur": [7, 8, 9]}
    with pytest.raises(DataError, match="rows of 2 settings; a table needs rows of one set"):
        ablation.table([ablation_row("basic", 0, sads), ablation_row("+S", 0, sads, **other)])
    with pytest.raises(DataError, match="no row of an arm"):
        ablation.table([])


@pytest.mark.slow  # a browser, and a picture of a fixed size
@pytest.mark.browser
def test_photographs_are_cut_out_on_the_page(tmp_path):
    if importlib.util.find_spec("playwright") is None or not Path("/usr/bin/chromium").exists():
        pytest.skip("Playwright or Chromium is not installed")
    printed = run("cutout_photographs.py", "--only", 1, "--strokes", 1, folder=tmp_path)
    assert re.search(r"^net +632 x 632 +1 ", printed, re.MULTILINE)


@pytest.mark.slow  # starts FiftyOne's database
@pytest.mark.fiftyone
def test_browsing_is_timed(tmp_path):
    if importlib.util.find_spec("fiftyone") is None:
        pytest.skip("FiftyOne is not installed")
    sizes = ("--composites", 4, "--images", 2, "--side", 48, "--methods", 1)
    with running_mongod() as uri:
        printed = run("browse.py", *sizes, folder=tmp_path, FIFTYONE_DATABASE_URI=uri)
    assert "opened again: 4 samples" in printed
