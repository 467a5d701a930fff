"""A format is a file with two functions and a line, as CONTRIBUTING says."""

import sys
from types import ModuleType

import pytest

from simd.tagging.formats import FORMATS, Format, find_format


def test_a_format_is_a_module_with_two_functions_and_a_line(monkeypatch):
    module = ModuleType("simd.tagging.formats.mine")
    module.write_masks = lambda items, path: path
    module.read_masks = lambda path, names: iter(())
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(FORMATS, "mine", Format("Mine", "file", "mine:write_masks,read_masks"))
    added = find_format("mine")
    assert added.write is module.write_masks
    assert added.read is module.read_masks


def test_a_line_without_its_file_fails_at_once(monkeypatch):
    monkeypatch.setitem(FORMATS, "mine", Format("Mine", "file", "nowhere:write,read"))
    with pytest.raises(ImportError, match="nowhere"):
        _ = find_format("mine").write
