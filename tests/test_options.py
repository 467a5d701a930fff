"""Options are listed once: names, types and ranges are checked wherever they come from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from simd.errors import DataError
from simd.options import Asked, options_of, read_options, renamed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    folder: Annotated[str, Asked(help="Where.", path=True)] = "here"
    side: Annotated[int | None, Asked(help="Pixels.", at_least=3)] = None
    shape: Annotated[str, Asked(help="What.", choices=("round", "square"))] = "round"
    mirrored: Annotated[bool, Asked(help="Whether.")] = False


def read(**values):
    return read_options(Cut, values, renamed={"edge": "side"})


def test_what_is_right_is_taken_and_the_rest_has_its_default():
    assert read() == Cut()
    assert read(folder=Path("a") / "b", side=3, mirrored=True) == Cut(folder="a/b", side=3, mirrored=True)
    assert read(side=None).side is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"foldr": "x"}, "unknown option 'foldr'; did you mean 'folder'?"),
        ({"edge": 4}, "option 'edge' is now 'side'"),
        ({"side": "4"}, "side must be int, not '4'"),
        ({"side": True}, "side must be int, not True"),
        ({"side": 2}, "side must be at least 3, not 2"),
        ({"folder": None}, "folder must be str or Path, not None"),
        ({"shape": Path("round")}, "shape must be str, not "),
        ({"shape": "rond"}, "unknown shape 'rond'; did you mean 'round'?"),
        ({"mirrored": 1}, "mirrored must be bool, not 1"),
    ],
)
def test_what_is_wrong_is_named(values, message):
    with pytest.raises(DataError) as raised:
        read(**values)
    assert str(raised.value).startswith(message)


def test_options_say_what_they_take():
    options = options_of(Cut)
    assert list(options) == ["folder", "side", "shape", "mirrored"]
    side = options["side"]
    assert (side.type, side.optional, side.value, side.asked.help) == (int, True, None, "Pixels.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    rate: Annotated[float, Asked(help="A step.", at_least=0, at_most=1)]
    drops: Annotated[tuple[float, ...], Asked(help="When.", at_least=0, at_most=1)] = ()
    sides: Annotated[tuple[int, ...], Asked(help="Pixels.", at_least=8)] = (320,)
    names: Annotated[tuple[str, ...], Asked(help="Whose.", choices=("fur", "net"))] = ()


def test_numbers_and_lists():
    values = {"rate": 1, "drops": [0.5, 1], "sides": (320, 480), "names": ["net"]}
    read_rates = read_options(Rates, values, renamed={})
    assert read_rates == Rates(rate=1.0, drops=(0.5, 1.0), sides=(320, 480), names=("net",))
    assert isinstance(read_rates.rate, float)
    assert isinstance(read_rates.drops[1], float)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "missing: rate"),
        ({"rate": -0.5}, "rate must be at least 0, not -0.5"),
        ({"rate": 1.5}, "rate must be at most 1, not 1.5"),
        ({"rate": float("nan")}, "rate must be a finite number, not nan"),
        ({"rate": True}, "rate must be float, not True"),
        ({"rate": 1, "drops": 0.5}, "drops must be a list of numbers, not 0.5"),
        ({"rate": 1, "drops": "0.5"}, "drops must be a list of numbers, not '0.5'"),
        ({"rate": 1, "drops": [0.5, 2]}, "drops[1] must be at most 1, not 2.0"),
        ({"rate": 1, "sides": [320.0]}, "sides[0] must be int, not 320.0"),
        ({"rate": 1, "names": ["nett"]}, "unknown names[0] 'nett'; did you mean 'net'?"),
    ],
)
def test_what_is_wrong_in_numbers_and_lists_is_named(values, message):
    with pytest.raises(DataError) as raised:
        read_options(Rates, values, renamed={})
    assert str(raised.value) == message


def test_a_function_refuses_the_former_name_of_an_argument():
    @renamed(edge="side")
    def cut(folder, *, side=1):
        return side

    assert cut("x", side=2) == 2
    with pytest.raises(DataError, match="cut: the argument 'edge' is now 'side'"):
        cut("x", edge=2)
