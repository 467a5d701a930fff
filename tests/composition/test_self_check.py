"""`simd doctor` says which protocols are exact, and notices when one is not."""

import numpy as np
import pytest

from simd.composition import self_check
from simd.composition.protocols import PROTOCOLS, exact, simd_2021


def test_every_protocol_is_exact_here(run_cli):
    done = run_cli("doctor")
    assert done.code == 0, done.out
    lines = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert lines.items() >= {(name, "exact") for name in PROTOCOLS}
    assert lines.keys() >= {"OpenCV", "Pillow"}


def test_another_resize_is_noticed(run_cli, monkeypatch):
    bilinear = simd_2021.resize
    monkeypatch.setattr(simd_2021, "resize", lambda pixels, size: bilinear(pixels, size) ^ 1)
    done = run_cli("doctor")
    assert done.code == 1
    lines = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert lines["simd-2021"].startswith("NOT exact; other pixels in enlarged: alpha")
    assert lines["exact"] == "exact"
    assert "opencv-python-headless==4.14.0.*" in done.out


def test_a_level_anywhere_is_noticed(monkeypatch):
    def one_level_off(fg, alpha, bg):
        image = composite(fg, alpha, bg)
        image[-1, -1, 0] ^= 1
        return image

    composite = exact.composite
    monkeypatch.setattr(exact, "composite", one_level_off)
    checks = {check.protocol: check.wrong for check in self_check.check_installation()}
    assert checks == {"exact": ("enlarged: image", "reduced: image"), "simd-2021": (), "adobe-2017": ()}


@pytest.mark.parametrize("name", ["enlarged", "reduced"])
def test_the_example_holds_everything_that_a_protocol_treats_apart(name):
    fg, alpha, bg = self_check.example(name)
    assert {0, 255} < set(np.unique(alpha))
    assert ((alpha > 0) & (alpha < 255)).mean() > 0.02
    assert len(np.unique(fg)) == len(np.unique(bg)) == 256


def test_the_former_name_of_the_check_is_refused(run_cli):
    done = run_cli("verify", "--installation")
    assert (done.code, "--installation is now simd doctor" in done.err) == (2, True)
    assert run_cli("verify").code == 2
