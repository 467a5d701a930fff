"""Arguments of other types and names that a function has not are answered with a sentence."""

import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import simd
from simd.arguments import checked
from simd.errors import DataError

STAGES = {name: getattr(simd, name) for name in simd.__all__ if hasattr(getattr(simd, name), "__wrapped__")}
OTHERS = (7, 1.5, b"fgs", ["fgs"], ("a", "b"), {"a": 1}, object(), True, np.zeros(3))
TEXT_OR_PATH = (
    *("out", "folder", "dataset", "path", "predictions", "foregrounds", "backgrounds", "classes", "review"),
    *("annotations", "page", "embedding", "maps", "alpha", "trimap", "pictures", "class_list", "spec"),
)


def required(function):
    """Return arguments for the parameters that have no default."""
    parameters = inspect.signature(function).parameters.values()
    return {
        p.name: [] if p.name == "scores" else "nowhere"
        for p in parameters
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    }


def test_every_stage_is_checked():
    functions = {name for name in simd.__all__ if inspect.isfunction(getattr(simd, name))}
    own_checks = {"sad", "mse", "grad", "conn", "synthetic", "mixed", "scene", "stream"}
    assert functions - STAGES.keys() == own_checks


@pytest.mark.parametrize("value", [7, 1.5, b"fur", ["fur"], None, True, object()])
@pytest.mark.parametrize("draw", [simd.synthetic, simd.mixed, simd.scene])
def test_names_of_what_is_drawn_are_text(draw, value):
    with pytest.raises(DataError, match=r"unknown (class|kind of)"):
        draw(value, 0, 64)


@pytest.mark.parametrize("value", [7, 1.5, b"fur", "fur", True, [3], [["fur"]], [None]])
def test_classes_of_a_stream_are_a_list_of_names(value):
    with pytest.raises(DataError, match=r"classes must be a list of names, not|unknown class"):
        simd.stream(value)


@pytest.mark.parametrize("stage", STAGES)
def test_paths_of_other_types_are_refused(stage):
    function = STAGES[stage]
    hints = {p.name: str(p.annotation) for p in inspect.signature(function).parameters.values()}
    single = [name for name in TEXT_OR_PATH if "Path" in hints.get(name, "") and "Seq" not in hints[name]]
    for name in single:
        for value in OTHERS:
            with pytest.raises(DataError) as caught:
                function(**(required(function) | {name: value}))
            assert f"{stage}: {name} must be " in str(caught.value), (name, value)
            assert "a Path" in str(caught.value)


@pytest.mark.parametrize("stage", STAGES)
def test_an_empty_path_is_not_the_current_folder(stage):
    function = STAGES[stage]
    hints = {p.name: str(p.annotation) for p in inspect.signature(function).parameters.values()}
    for name in (n for n in TEXT_OR_PATH if "Path" in hints.get(n, "") and "Seq" not in hints[n]):
        with pytest.raises(DataError, match=f"{stage}: {name} is empty; name one, or leave it out"):
            function(**(required(function) | {name: ""}))


@pytest.mark.parametrize("value", ["2", 2.0, None, True, [2], b"2"])
@pytest.mark.parametrize(
    "stage", [name for name, f in STAGES.items() if "workers" in inspect.signature(f).parameters]
)
def test_workers_are_a_whole_number(stage, value):
    function = STAGES[stage]
    if stage == "predict" and value is None:
        pytest.skip("None may come to mean a default there")
    with pytest.raises(DataError, match=f"{stage}: workers must be a whole number"):
        function(**required(function), workers=value)


@pytest.mark.parametrize("stage", STAGES)
def test_names_that_a_stage_has_not_are_refused(stage):
    function = STAGES[stage]
    if any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values()):
        pytest.skip("its options are those of a record or of a method, which are checked there")
    with pytest.raises(DataError, match=f"{stage}: there is no argument 'wrokers'"):
        function(**required(function), wrokers=2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: simd.embed("a", "b", features=7),
            "embed: features must be text, a Path or a function, not 7",
        ),
        (lambda: simd.stats("a", 7), "stats: datasets must be text or a Path, not 7"),
        (
            lambda: simd.select("a", against="b"),
            "select: against must be a list, each text or a Path, not 'b'",
        ),
        (lambda: simd.select("a", allow=["x", 3]), "select: allow must be a list, each text, not ['x', 3]"),
        (lambda: simd.select("a", strict="no"), "select: strict must be True or False, not 'no'"),
        (lambda: simd.write_leaderboard(["a.json"], "b"), "write_leaderboard: scores must be a list, each a"),
        (lambda: simd.build("a", only="b"), "build: only must be a list, each text or None, not 'b'"),
        (lambda: simd.build("a", perclass=3), "unknown option 'perclass'; did you mean 'per_class'"),
    ],
)
def test_messages_say_what_is_wanted(call, message):
    with pytest.raises(DataError) as caught:
        call()
    assert str(caught.value).startswith(message)


def test_what_fits_passes_and_what_is_missing_is_pythons_to_say():
    @checked
    def take(
        path: str | Path, *more: int, size: int | tuple[int, int] = 3, by: Callable[[], int] | None = None
    ):
        return path, more, size

    assert take(Path("a"), 1, np.int64(2), size=(3, 4), by=len) == (Path("a"), (1, 2), (3, 4))
    assert take("a", size=np.uint8(7)) == ("a", (), 7)
    for wrong in ((1,), (1, 2, 3), "ab", 1.5):
        with pytest.raises(DataError, match="take: size must be a whole number or 2 of them, not"):
            take("a", size=wrong)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'path'"):
        take()
