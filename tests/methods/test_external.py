"""External programs as methods: real little programs, good ones and bad ones."""

import json
import os
import shlex
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from simd.errors import BatchError, DataError
from simd.image import read_alpha
from simd.methods import load_method
from simd.methods.external import run_program
from simd.methods.predict import predict

PYTHON = shlex.quote(sys.executable)
READ = """
import sys
import numpy as np
from PIL import Image
image, trimap = (np.asarray(Image.open(path)) for path in sys.argv[1:3])
def write(pixels):
    Image.fromarray(pixels).save(sys.argv[3])
"""
SOLVE = "write(np.where(trimap == 128, image[..., 1], trimap))"
GOOD = READ + SOLVE


@pytest.fixture
def program(tmp_path):
    """Return a function that writes a program and returns the command that runs it."""

    def write(text: str, places: str = "{image} {trimap} {output}") -> str:
        file = tmp_path / "programs" / "my matte.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return f"{PYTHON} {shlex.quote(str(file))} {places}"

    return write


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    return image, rng.choice(np.array([0, 128, 255], np.uint8), (20, 30))


def solve(command, arrays, **options):
    return load_method("external", {"command": command, **options}).predict(*arrays)


def test_a_program_sees_image_and_trimap_and_its_matte_is_taken_as_it_is(program, arrays):
    image, trimap = arrays
    # known pixels included: the program's 1 stays 1, whatever the trimap says
    alpha = solve(program(READ + "write(np.maximum(image[..., 2], trimap // 2))"), arrays)
    np.testing.assert_array_equal(alpha, np.maximum(image[..., 2], trimap // 2))
    assert alpha.dtype == np.uint8


def test_a_matte_of_16_bits_keeps_its_levels(program, arrays):
    alpha = solve(program(READ + "write(trimap.astype(np.uint16) * 257 - (trimap > 0))"), arrays)
    np.testing.assert_allclose(alpha, (arrays[1] * 257.0 - (arrays[1] > 0)) / 65535, atol=1e-7)


def test_a_run_over_a_set_records_the_command_and_no_path(program, tiny_set, tmp_path, run_cli):
    out, command = tmp_path / "mattes", program(GOOD)
    options = (f"command={command}", "name=green", "timeout=60")
    flags = (*(flag for each in options for flag in ("--option", each)), "--out", out)
    done = run_cli("predict", "external", tiny_set.path, *flags)
    assert done.code == 0, done.err
    info = json.loads((out / "run.json").read_text())
    assert info["method"] == "green"
    python = Path(sys.executable).name
    assert info["version"] == f"external: {python} 'my matte.py' '{{image}}' '{{trimap}}' '{{output}}'"
    assert str(tmp_path) not in (out / "run.json").read_text()
    for sample in tiny_set:
        expected = np.where(sample.trimap == 128, sample.image[..., 1], sample.trimap)
        np.testing.assert_array_equal(read_alpha(out / f"{sample.row.id}.png"), expected)


def test_a_changed_program_is_another_run(program, tiny_set, tmp_path):
    out = tmp_path / "mattes"
    predict("external", tiny_set.path, out, command=program(GOOD))
    changed = program(GOOD + "  # changed")
    with pytest.raises(DataError, match=r"holds the mattes of external .* or with other weights"):
        predict("external", tiny_set.path, out, command=changed, timeout=59.0)


def test_good_images_finish_where_others_fail(program, tiny_set, tmp_path):
    odd = {s.row.id for s in tiny_set if s.image[0, 0, 0] % 2}
    assert 0 < len(odd) < 6
    command = program(f"{READ}image[0, 0, 0] % 2 and sys.exit('an odd pixel')\n{SOLVE}")
    with pytest.raises(BatchError) as caught:
        predict("external", tiny_set.path, tmp_path / "mattes", command=command)
    assert set(caught.value.failures) == odd
    assert set(caught.value.failures.values()) == {
        "the program ended with exit code 1; it printed: an odd pixel"
    }
    assert len(list((tmp_path / "mattes").glob("*.png"))) == 6 - len(odd)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("pass", r"ended well, but wrote nothing to \{output\}"),
        ("print('all', 'lost'); raise SystemExit(3)", "ended with exit code 3; it printed: all lost"),
        ("raise SystemExit(1)", "ended with exit code 1; it printed nothing"),
        ("import os; os.abort()", "was ended by SIGABRT"),
        (READ + "write(trimap[:-1])", r"is \(19, 30\), the image \(20, 30\)"),
        (READ + "write(trimap.T)", r"is \(30, 20\), the image \(20, 30\)"),
        (READ + "write(image)", "the matte that the program wrote .*channels"),
        (READ + "Image.fromarray(trimap).save(sys.argv[3], 'JPEG')", "is not a PNG"),
        (READ + "open(sys.argv[3], 'w').write('alpha')", "is not a PNG"),
        (READ + "open(sys.argv[3], 'wb').write(open(sys.argv[2], 'rb').read()[:-20])", "is damaged"),
        (READ + "open(sys.argv[3], 'wb').truncate(10**9)", "has 1000000000 bytes, too many"),
        ("import os, sys; os.symlink('/etc/passwd', sys.argv[3])", "is not a file but a link"),
        ("import os, sys; os.mkfifo(sys.argv[3])", "is not a file but a link, a pipe or a folder"),
        ("import os, sys; os.mkdir(sys.argv[3])", "is not a file"),
        (
            "import sys, zlib, struct\n"
            "part = lambda k, c: struct.pack('>I', len(c)) + k + c + struct.pack('>I', zlib.crc32(k + c))\n"
            "head = struct.pack('>IIBBBBB', 9000, 9000, 8, 0, 0, 0, 0)\n"
            "bomb = zlib.compress(bytes(100000), 9)\n"
            "png = part(b'IHDR', head) + part(b'IDAT', bomb) + part(b'IEND', b'')\n"
            "open(sys.argv[3], 'wb').write(b'\\x89PNG\\r\\n\\x1a\\n' + png)",
            r"is \(9000, 9000\), the image \(20, 30\)",
        ),
        ("print('\\x1b[31m' + 'x' * 10**6); raise SystemExit(1)", r"it printed: x{300}$"),
    ],
)
def test_bad_programs_are_answered_by_what_they_did(program, arrays, text, complaint):
    with pytest.raises(DataError, match=complaint):
        solve(program(text), arrays)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ended(pid: int) -> bool:
    """Tell whether a process ends within a second."""
    deadline = time.monotonic() + 1
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


SPAWN = """
import subprocess, sys, time, pathlib
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path(NOTE).write_text(str(child.pid))
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the states of processes in /proc")
@pytest.mark.parametrize(
    ("then", "complaint"),
    [
        ("time.sleep(60)", r"was killed after 1.5 seconds, the time limit; it printed nothing"),
        ("sys.exit(2)", "ended with exit code 2"),
    ],
)
def test_what_a_program_has_started_ends_with_it(program, arrays, tmp_path, then, complaint):
    note = tmp_path / "grandchild"
    command = program(SPAWN.replace("NOTE", repr(str(note))) + then)
    start = time.monotonic()
    with pytest.raises(DataError, match=complaint):
        solve(command, arrays, timeout=1.5)
    assert time.monotonic() - start < 20
    assert ended(int(note.read_text()))


def test_a_program_runs_in_an_empty_folder_that_is_gone_afterwards(program, arrays, tmp_path):
    note = tmp_path / "note"
    text = "import os, sys, pathlib\npathlib.Path('left').write_text('behind')\n"
    text += f"pathlib.Path({str(note)!r}).write_text(os.getcwd() + '\\n' + str(sorted(os.listdir())))\n"
    solve(program(text + GOOD), arrays)
    place, listed = note.read_text().splitlines()
    assert listed == "['image.png', 'left', 'trimap.png']"
    assert not Path(place).exists()


def test_files_of_a_command_are_found_from_the_folder_it_is_given_in(tmp_path, arrays, monkeypatch):
    (tmp_path / "matte.py").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    method = load_method("external", {"command": f"{PYTHON} matte.py {{image}} {{trimap}} {{output}}"})
    monkeypatch.chdir("/")
    assert method.predict(*arrays).shape == (20, 30)
    assert method.version.split()[2] == "matte.py"


def test_no_shell_sees_the_command(arrays, program):
    tricky = "--name='a; touch x' $HOME `id` {image}{trimap} && {image} {trimap} {output}"
    text = "import sys, os\nif os.path.exists('x'): sys.exit(9)\nprint(*sys.argv[1:5], sep='|'); sys.exit(1)"
    with pytest.raises(
        DataError, match=r"printed: --name=a; touch x\|\$HOME\|`id`\|/.*image.png/.*trimap.png"
    ):
        solve(program(text, tricky), arrays)


def test_names_in_braces_that_are_no_places_are_left_alone(arrays, program):
    text = "import sys; sys.exit(' '.join(sys.argv[1:3]))"
    with pytest.raises(DataError, match=r"it printed: \{print\} \{\{\}\}$"):
        solve(program(text, "{print} {{}} {image} {output}"), arrays)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, r"needs a program: --option 'command=python matte.py \{image\} \{trimap\} \{output\}'"),
        ({"command": "python matte.py {image} {trimap}"}, r"has no \{output\}; as in \"python matte.py"),
        (
            {"command": "python {image} {ouput}"},
            r"no \{output\}; \{ouput\} in it is unknown; did you mean 'output'",
        ),
        ({"command": "python {output}"}, r"has no \{image\}"),
        ({"command": "no-such-program {image} {output}"}, "the program 'no-such-program' .* is not there"),
        ({"command": "python 'matte.py {image} {output}"}, r"cannot be cut into arguments \(No closing quot"),
        ({"command": "python {image} {output}", "name": ""}, "the name '' is not for a board"),
        ({"command": "python {image} {output}", "name": "a\nb"}, "not for a board"),
        ({"command": "python {image} {output}", "timeout": 0.0}, "a time limit of 0.0 seconds is none"),
        ({"command": "python {image} {output}", "timeout": float("nan")}, "seconds is none"),
    ],
)
def test_commands_that_cannot_work_are_refused_before_anything_runs(options, complaint):
    with pytest.raises(DataError, match=complaint):
        load_method("external", options)


def test_a_program_that_is_no_program_is_named(tmp_path):
    file = tmp_path / "matte"
    file.write_text("neither script nor machine code")
    file.chmod(0o755)
    with pytest.raises(DataError, match=r"matte cannot be started \(.*Exec format error"):
        run_program([str(file)], tmp_path, 5)


def test_a_flood_of_words_neither_blocks_nor_fills_the_memory(program, arrays):
    text = "import os\nfor _ in range(2000): os.write(1, b'x' * 10000)\n"  # 20 MB, a pipe holds 64 kB
    assert solve(program(text + GOOD), arrays).shape == (20, 30)


def test_the_digest_is_of_the_files_that_the_command_names(program):
    first, same = (load_method("external", {"command": program(GOOD), "timeout": t}) for t in (5.0, 6.0))
    assert first.checkpoint_digest == same.checkpoint_digest is not None
    bare = load_method("external", {"command": "python -c pass {image} {output}"})
    assert bare.checkpoint_digest is None
    assert os.sep not in first.version
