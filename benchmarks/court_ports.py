"""Run the metrics that circulate from checkouts of their code, and print what they say beside ours.

    python benchmarks/court_ports.py gca=build/peers/GCA-Matting nobg=build/peers/nobg     # these, anew
    python benchmarks/court_ports.py --write gca=... sim=...    # and store them in tests/golden/court
    python benchmarks/court_ports.py                            # ours beside what is stored

A port is named with the folder of its code: a clone, or a package (`pip install --no-deps --target FOLDER`).
Each is run as it is, on the mattes of tests/metrics/court_cases.py, in the type in which its own evaluation
passes them; what newer versions of NumPy and SciPy have removed is put back. Of programs that do more than
measure, the functions alone are run. Sums of nobg are divided by 1000, as its documentation says papers do.
"""

import argparse
import ast
import contextlib
import datetime
import importlib
import io
import json
import logging
import os
import subprocess
import sys
import types
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.ndimage
import torch
import torch.nn.functional

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "metrics"))
from court_cases import EXPECTED, Case, cases

Values = dict[str, float]
Measure = Callable[[Case], Values]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("ports", nargs="*", metavar="PORT=FOLDER", help=f"of {', '.join(PORTS)}")
    parser.add_argument("--write", action="store_true", help="store the values in tests/golden/court")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    put_back()
    stored = json.loads(EXPECTED.read_text()) if EXPECTED.is_file() else {}
    for argument in arguments.ports:
        name, _, folder = argument.partition("=")
        if name not in PORTS or not Path(folder).is_dir():
            parser.error(
                f"{argument}: a port is one of {', '.join(PORTS)}, with = and the folder of its code"
            )
        stored[name] = run(name, Path(folder).resolve())
    for name, port in stored.items():
        print_beside_ours(name, port)
    if arguments.write:
        EXPECTED.parent.mkdir(exist_ok=True)
        EXPECTED.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")


def run(name: str, folder: Path) -> dict[str, Any]:
    """Return what a port says of every case, and which version of it."""
    measure = PORTS[name](folder)
    chosen = cases()
    if name == "semat":  # it enlarges every image to 1024 pixels: a few are enough
        few = ("11_limited_range", "12_values_on_thresholds", "two_halves")
        chosen = {case: chosen[case] for case in few}
    values = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case, (pred, alpha, trimap) in chosen.items():
            values[case] = measure(Case(pred.copy(), alpha.copy(), trimap.copy()))
    return {"version": version_of(folder), "date": str(datetime.date.today()), "values": values}


def version_of(folder: Path) -> str:
    """Return the version of an unpacked package, or the commit of a clone."""
    if packages := sorted(folder.glob("*.dist-info")):
        named = [p for p in packages if p.name.startswith(folder.name)] or packages
        return named[0].name.removesuffix(".dist-info").replace("-", " ")
    if (folder / "COMMIT").is_file():
        return (folder / "COMMIT").read_text().strip()
    done = subprocess.run(
        ["git", "-C", folder, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    )
    return f"commit {done.stdout.strip()[:12]}"


def print_beside_ours(name: str, port: Mapping[str, Any]) -> None:
    from simd.metrics.ports.measure import measure
    from simd.metrics.ports.recipes import PORTS as RECIPES

    print(f"\n{name}, {port['version']}, run on {port['date']}: the port, ours by its recipe, ours")
    recipes = RECIPES[name].recipes
    for case, values in port["values"].items():
        pred, alpha, trimap = cases()[case]
        for metric, value in values.items():
            same = measure(pred, alpha, trimap, metric, recipes[metric])
            plain = measure(pred, alpha, trimap, metric, ())
            print(f"  {case:26} {metric:9} {number(value)} {number(same)} {number(plain)}")


def number(value: float | None) -> str:
    return f"{'nan' if value is None else format(value, '.6g'):>12}"


def put_back() -> None:
    """Put back what the ports ask of older NumPy and SciPy."""
    for name, kind in (("float", float), ("int", int), ("bool", bool)):
        if not hasattr(np, name):
            setattr(np, name, kind)
    for name in ("morphology", "filters"):
        module = types.ModuleType(f"scipy.ndimage.{name}")
        module.__dict__.update({key: getattr(scipy.ndimage, key) for key in dir(scipy.ndimage)})
        sys.modules[f"scipy.ndimage.{name}"] = module
        setattr(scipy.ndimage, name, module)


def imported(folder: Path, file: str) -> Any:
    """Import one file of a checkout, by a name of its own."""
    name = "port_" + "".join(c if c.isalnum() else "_" for c in f"{folder.name}_{file}")
    spec = importlib.util.spec_from_file_location(name, folder / file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parts(path: Path, names: set[str], **given: Any) -> dict[str, Any]:
    """Run only the named functions and classes of a file, among the given names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kept = [node for node in tree.body if getattr(node, "name", "") in names]
    assert len(kept) == len(names), f"{path}: does not hold {names}"
    namespace = dict(given)
    exec(compile(ast.Module(body=kept, type_ignores=[]), str(path), "exec"), namespace)
    return namespace


def as_255(case: Case) -> tuple[Any, Any]:
    """Return both mattes in 0..255, float32; a float prediction as a file of 8 bits holds it."""
    pred = case.pred if case.pred.dtype == np.uint8 else np.rint(case.pred * 255)
    return pred.astype(np.float32), case.alpha.astype(np.float32)


def as_unit(case: Case) -> tuple[Any, Any]:
    """Return both mattes in 0..1, float32, unrounded."""
    pred = case.pred / np.float32(255) if case.pred.dtype == np.uint8 else case.pred
    return pred.astype(np.float32), (case.alpha / np.float32(255)).astype(np.float32)


def plain(value: Any) -> float | None:
    value = float(value)
    return None if np.isnan(value) else value


def gca(folder: Path) -> Measure:
    module = imported(folder, "utils/evaluate.py")

    def measure(case: Case) -> Values:
        pred, alpha = as_255(case)
        return {
            "sad": plain(module.comput_sad_loss(pred, alpha, case.trimap)[0]),
            "mse": plain(module.compute_mse_loss(pred, alpha, case.trimap)),
            "grad": plain(module.compute_gradient_loss(pred, alpha, case.trimap)),
            "conn": plain(module.compute_connectivity_error(pred, alpha, case.trimap, 0.1)),
        }

    return measure


def gca_float64(folder: Path) -> Measure:
    """Run the same on 8-bit arrays handed over as they are read: v / 255 is then in float64."""
    module = imported(folder, "utils/evaluate.py")

    def measure(case: Case) -> Values:
        pred, alpha = (matte.astype(np.uint8) for matte in as_255(case))
        return {
            "grad": plain(module.compute_gradient_loss(pred, alpha, case.trimap)),
            "conn": plain(module.compute_connectivity_error(pred, alpha, case.trimap, 0.1)),
        }

    return measure


def vitmatte(folder: Path) -> Measure:
    names = {"compute_mse_loss", "compute_sad_loss"}
    functions = parts(folder / "evaluation.py", names, np=np)

    def measure(case: Case) -> Values:
        pred, alpha = as_255(case)
        trimap = case.trimap.astype(np.float32)
        return {
            "sad": plain(functions["compute_sad_loss"](pred, alpha, trimap)[0]),
            "mse": plain(functions["compute_mse_loss"](pred, alpha, trimap)),
        }

    return measure


def paddleseg(folder: Path) -> Measure:
    module = imported(folder, "Matting/ppmatting/metrics/metric.py")

    def measure(case: Case) -> Values:
        values = {}
        for name in ("SAD", "MSE", "Grad", "Conn"):
            pred, alpha = as_255(case)
            values[name.lower()] = plain(getattr(module, name)().update(pred, alpha, case.trimap))
        return values

    return measure


def mmeval_classes(folder: Path) -> Any:
    sys.path.insert(0, str(folder))
    return importlib.import_module("mmeval")


def mmeval(folder: Path) -> Measure:
    """Run it on floats 0..1 whose known pixels come from the trimap, as its notes ask."""
    module = mmeval_classes(folder)

    def measure(case: Case) -> Values:
        pred = (case.pred if case.pred.dtype == np.uint8 else np.rint(case.pred * 255)) / 255.0
        pred, alpha = np.asarray(pred, np.float64), case.alpha / 255.0
        pred[case.trimap == 0], pred[case.trimap == 255] = 0, 1
        return mmeval_values(module, pred, alpha, case.trimap)

    return measure


def mmeval_uint8(folder: Path) -> Measure:
    """Run it on arrays of 8 bits, as its examples do."""
    module = mmeval_classes(folder)

    def measure(case: Case) -> Values:
        pred, alpha = (matte.astype(np.uint8) for matte in as_255(case))
        pred[case.trimap == 0], pred[case.trimap == 255] = 0, 255
        return mmeval_values(module, pred, alpha, case.trimap)

    return measure


def mmeval_rows(folder: Path) -> Measure:
    """Run its SAD on arrays in place of lists of them, as its example does: rows are images then."""
    module = mmeval_classes(folder)

    def measure(case: Case) -> Values:
        pred, alpha = (matte.astype(np.uint8) for matte in as_255(case))
        pred[case.trimap == 0], pred[case.trimap == 255] = 0, 255
        return {"sad": plain(module.SumAbsoluteDifferences()(pred, alpha)["sad"])}

    return measure


def mmeval_values(module: Any, pred: Any, alpha: Any, trimap: Any) -> Values:
    given = ([pred], [alpha], [trimap])
    return {
        "sad": plain(module.SumAbsoluteDifferences()([pred], [alpha])["sad"]),
        "mse": plain(module.MattingMeanSquaredError()(*given)["matting_mse"]),
        "grad": plain(module.GradientError()(*given)["gradient_error"]),
        "conn": plain(module.ConnectivityError()(*given)["connectivity_error"]),
    }


def sim(folder: Path) -> Measure:
    """Run the loop of its test program with a model that returns the case's matte."""

    class Meter:
        val = avg = 0.0

        def update(self, value: Any) -> None:
            self.avg = self.val = float(value)

    def measure(case: Case) -> Values:
        pred, alpha = as_unit(case)
        tensors = {
            "alpha": torch.from_numpy(alpha)[None, None],
            "trimap": torch.from_numpy(case.trimap)[None, None],
            "origin_h": alpha.shape[0],
            "origin_w": alpha.shape[1],
            **{key: torch.zeros(1) for key in ("image_scale", "image_trans", "trimap_2chn", "trimap_clks")},
        }
        namespace = parts(
            folder / "scripts" / "main.py",
            {"run"},
            torch=torch,
            np=np,
            os=os,
            time=__import__("time"),
            device="cpu",
            AverageMeter=Meter,
            load_sim_samples=lambda _: [("", "", "", "class", "matte.png", 0)],
            preprocess=lambda *_: tensors,
            extract_semantic_trimap_whole=lambda *_: None,
            save_prediction=lambda *_: None,
        )

        class Model:
            def eval(self) -> None:
                pass

            def __call__(self, *_: Any, **__: Any) -> dict[str, Any]:
                return {"alpha": torch.from_numpy(pred.copy())[None, None]}

        nothing = types.SimpleNamespace(visualize_path="")
        settings = types.SimpleNamespace(task="SIM", classifier=None, log=nothing)
        return {"sad": plain(namespace["run"](settings, Model(), None, logging.getLogger("port")))}

    return measure


def indexnet(folder: Path) -> Measure:
    module = imported(folder, "scripts/utils.py")

    def measure(case: Case) -> Values:
        pred, alpha = as_unit(case)
        pred, alpha = pred * 255, alpha * 255
        mask = np.equal(case.trimap, 128).astype(np.float32)
        pred = (1 - mask) * case.trimap + mask * pred
        values = {}
        for name, function in (
            ("sad", "sad"),
            ("mse", "mse"),
            ("grad", "gradient"),
            ("conn", "connectivity"),
        ):
            given = (pred.astype(np.float32), alpha.astype(np.float32), mask)
            with contextlib.redirect_stdout(io.StringIO()):
                values[name] = plain(getattr(module, f"compute_{function}_loss")(*given))
        return values

    return measure


def semat(folder: Path) -> Measure:
    """Run its evaluator on mattes that its own resizing has brought to 1024 pixels."""
    functions = imported(folder, "data/evaluate.py")
    metrics = {key: getattr(functions, key) for key in dir(functions) if key.startswith("compute_")}
    namespace = parts(
        folder / "data" / "dim_dataset.py",
        {"ResziePad", "AdobeCompositionEvaluator"},
        np=np,
        torch=torch,
        os=os,
        logging=logging,
        F=torch.nn.functional,
        DatasetEvaluator=object,
        **metrics,
    )
    resize = namespace["ResziePad"](target_size=1024)

    def measure(case: Case) -> Values:
        pred, alpha = (torch.from_numpy(matte)[None] for matte in as_unit(case))
        image = torch.zeros(3, *case.alpha.shape)
        truth = resize({"image": image, "alpha": alpha})
        answer = resize({"image": image, "alpha": pred})["alpha"]
        evaluator = namespace["AdobeCompositionEvaluator"](eval_dataset_type=["SIM"], distributed=False)
        evaluator.reset()
        inputs = {
            "image": truth["image"][None],
            "alpha": truth["alpha"][None],
            "ori_h_w": [case.alpha.shape],
            "data_type": ["SIM"],
        }
        evaluator.process(inputs, answer[None].clamp(0, 1))
        results = evaluator.evaluate()
        return {metric: plain(results[f"SIM_{metric.upper()}"]) for metric in ("sad", "mse", "mad")} | {
            metric: plain(results[f"SIM_{metric.capitalize()}"]) for metric in ("grad", "conn")
        }

    return measure


def lucida(folder: Path) -> Measure:
    module = imported(folder, "benchmark/metrics.py")

    def measure(case: Case) -> Values:
        values = module.all_metrics(*as_unit(case))
        named = {"sad": "sad", "mse": "mse", "mad": "mae", "grad": "grad", "conn": "conn"}
        return {ours: plain(values[theirs]) for ours, theirs in named.items()}

    return measure


def nobg(folder: Path) -> Measure:
    module = imported(folder, "nobg/metrics.py")

    def measure(case: Case) -> Values:
        pred, alpha = (torch.from_numpy(matte)[None, None] for matte in as_unit(case))
        return {
            "sad": plain(module.sad(pred, alpha) / 1000),
            "mse": plain(module.mse_metric(pred, alpha)),
            "mad": plain(module.mae(pred, alpha)),
            "grad": plain(module.gradient_error(pred, alpha) / 1000),
            "conn": plain(module.connectivity_error(pred, alpha) / 1000),
        }

    return measure


PORTS: dict[str, Callable[[Path], Measure]] = {
    "gca": gca,
    "gca-float64": gca_float64,
    "vitmatte": vitmatte,
    "paddleseg": paddleseg,
    "mmeval": mmeval,
    "mmeval-uint8": mmeval_uint8,
    "mmeval-rows": mmeval_rows,
    "sim": sim,
    "indexnet": indexnet,
    "semat": semat,
    "lucida": lucida,
    "nobg": nobg,
}


if __name__ == "__main__":
    main()
