"""A source is a layout and a line, as CONTRIBUTING says."""

import sys
from types import ModuleType

from conftest import save, soft_alpha

from simd.sources import FOREGROUNDS, index_foregrounds, read_foreground
from simd.sources.declared import foregrounds_of
from simd.sources.layout import Layout, Part

MINE = Layout(
    name="mine",
    title="Mine",
    parts=(Part(name="all", roots=("cutouts",), layers={"fg": "colour/*", "alpha": "matte/*"}),),
    total=1,
    licence="own work",
    citation="none",
    ask="nobody",
)


def test_a_source_is_a_layout_and_a_line(tmp_path, monkeypatch, run_cli):
    module = ModuleType("my_source")
    module.FOREGROUNDS = foregrounds_of(MINE)
    monkeypatch.setitem(sys.modules, "my_source", module)
    monkeypatch.setitem(FOREGROUNDS, "mine", "my_source:FOREGROUNDS")
    alpha = soft_alpha()
    save(tmp_path / "cutouts" / "colour" / "cat.png", alpha[..., None].repeat(3, axis=2))
    save(tmp_path / "cutouts" / "matte" / "cat.png", alpha)
    (tmp_path / "classes.csv").write_text("file,class\ncat.png,fur\n")
    index = index_foregrounds(str(tmp_path), "mine", classes=tmp_path / "classes.csv")
    assert [(fg.id, fg.classes) for fg in index.records] == [("cat", ("fur",))]
    assert (read_foreground(index.records[0]).alpha == alpha).all()
    done = run_cli("index", tmp_path, "--kind", "mine", "--classes", tmp_path / "classes.csv")
    assert done.code == 0, done.err
    assert "expected 1, found 1" in done.out
