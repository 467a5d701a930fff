"""Messages name the command that fits the way simd was installed."""

from pathlib import Path

from simd import installation
from simd.errors import MissingExtraError
from simd.formats import why_not_read
from simd.installation import DISTRIBUTION, extra_command, is_clone, repair_command

PACKAGE = Path(installation.__file__).parent
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def test_what_runs_here_is_a_clone():
    assert is_clone()
    assert extra_command("torch") == 'pip install -e ".[torch]"'
    assert repair_command(PACKAGE / "methods" / "x") == "git checkout -- simd/methods/x"


def test_a_package_is_told_by_what_lies_inside_it(tmp_path):
    assert is_clone(tmp_path)
    (tmp_path / "annotations").mkdir()
    assert not is_clone(tmp_path)


def test_messages_of_a_package_name_it(monkeypatch):
    monkeypatch.setattr(installation, "is_clone", lambda: False)
    message = str(MissingExtraError("training", "accelerate", "train"))
    assert message == 'training needs accelerate; install it with: pip install "simd-matting[train]"'
    assert why_not_read(HEIC).endswith('pip install "simd-matting[heic]"')
    assert repair_command(PACKAGE).endswith(f" {DISTRIBUTION}")


def test_commands_that_install_have_one_home():
    homes = [file.name for file in PACKAGE.rglob("*.py") if "pip install" in file.read_text(encoding="utf-8")]
    assert homes == ["installation.py"]
