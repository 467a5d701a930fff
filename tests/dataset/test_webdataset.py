"""WebDataset shards: webdataset and torch read every sample once; what is damaged or mixed up is named."""

import io
import json
import random
import shutil
import tarfile
from collections import Counter

import numpy as np
import pytest
from conftest import write_backgrounds, write_foregrounds

from simd.composition.build import build
from simd.composition.export import export
from simd.composition.import_finished import import_set
from simd.errors import BatchError, DataError
from simd.image import encode_png
from simd.records import LAYERS

LEFT_OPEN = pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
"""webdataset leaves its shards for the garbage collector to close."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Return a set of 18 composites, and its export in four shards."""
    root = tmp_path_factory.mktemp("exported")
    fgs, bgs = write_foregrounds(root / "fgs"), write_backgrounds(root / "bgs")
    made = build(root / "set", foregrounds=fgs, backgrounds=bgs, any_licence=True, per_foreground=3)
    assert len(made) == 18
    export(made, root / "out", to="webdataset", any_licence=True)
    return made, root / "out"


@pytest.fixture
def copy(exported, tmp_path):
    """Return the export, copied to be spoilt."""
    return shutil.copytree(exported[1], tmp_path / "copy")


def shards_of(folder):
    return sorted(str(path) for path in folder.glob("*.tar"))


def members(path):
    with tarfile.open(path) as shard:
        return [(member.name, shard.extractfile(member).read()) for member in shard]


def rewrite(path, contents):
    """Write a shard anew of names and contents; a text in the place of a content is the type of a member."""
    with tarfile.open(path, "w") as shard:
        for name, content in contents:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = content.encode(), "/etc/passwd"
            else:
                member.size = len(content)
            shard.addfile(member, io.BytesIO(content) if member.size else None)


def test_shards_are_plain_tars_of_nobody_and_no_time(exported):
    made, out = exported
    for number, path in enumerate(shards_of(out)):
        with tarfile.open(path) as shard:
            infos = shard.getmembers()
        assert {(each.mtime, each.uid, each.gid, each.uname, each.mode) for each in infos} == {
            (0, 0, 0, "", 0o644)
        }
        ids = [row.id for row in made.rows[number::4]]  # dealt in turn
        endings = ["json", *(f"{layer}.png" for layer in LAYERS)]
        assert [each.name for each in infos] == [f"{id_}.{ending}" for id_ in ids for ending in endings]
        assert all("." not in id_ for id_ in ids)


@LEFT_OPEN
def test_webdataset_reads_the_pixels_and_the_rows(exported):
    webdataset = pytest.importorskip("webdataset", reason="webdataset is not installed")
    made, out = exported
    samples = list(webdataset.WebDataset(shards_of(out), shardshuffle=False).decode("rgb8"))
    assert Counter(sample["__key__"] for sample in samples) == Counter(row.id for row in made.rows)
    for sample in samples:
        of_set = made[sample["__key__"]]
        assert np.array_equal(sample["image.png"], of_set.image)
        for layer in LAYERS[1:]:  # rgb8 gives a grey image thrice
            assert np.array_equal(sample[f"{layer}.png"][..., 0], of_set.read(layer)), layer
        row = of_set.row.to_row()
        assert {key: sample["json"][key] for key in row} == json.loads(json.dumps(row))


@LEFT_OPEN
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_loader_of_two_workers_on_two_nodes_loses_and_doubles_none(exported):
    webdataset = pytest.importorskip("webdataset", reason="webdataset is not installed")
    data = pytest.importorskip("torch.utils.data", reason="torch is not installed")
    made, out = exported

    def keys(urls):
        samples = webdataset.WebDataset(urls, shardshuffle=False, nodesplitter=None, empty_check=False)
        loader = data.DataLoader(samples, batch_size=None, num_workers=2)
        return [sample["__key__"] for sample in loader]

    everything = Counter(row.id for row in made.rows)
    assert Counter(keys(shards_of(out))) == everything
    orders = []
    for epoch in range(2):  # as the card says
        urls = shards_of(out)
        random.Random(f"0 {epoch}").shuffle(urls)
        ranks = [keys(urls[rank::2]) for rank in range(2)]
        assert Counter(ranks[0] + ranks[1]) == everything
        orders.append(ranks)
    assert orders[0] != orders[1]


def test_datasets_loads_the_folder_by_its_card(exported, tmp_path):
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    made, out = exported
    loaded = datasets.load_dataset(str(out), split="train", cache_dir=str(tmp_path / "cache"))
    assert Counter(loaded["__key__"]) == Counter(row.id for row in made.rows)
    assert np.array_equal(np.array(loaded[0]["alpha.png"]), made[loaded[0]["__key__"]].alpha)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.5, 0.8, 0.97])
def test_a_shard_cut_short_costs_its_own_samples_and_the_whole_one_mends_it(exported, copy, tmp_path, share):
    made, _ = exported
    path = copy / "train-000001.tar"
    whole = path.read_bytes()
    ends = len(whole.rstrip(b"\0"))  # zeros that pad the end are nobody's
    path.write_bytes(whole[: int(share * ends)])
    lost = [row.id for row in made.rows[1::4]]
    with pytest.raises(BatchError) as caught:
        import_set(copy, tmp_path / "back")
    failed = caught.value.failures
    assert set(failed) <= set(lost)
    assert lost[-1] in failed
    assert all(str(path) in reason and "cut short" in reason for reason in failed.values()), failed
    assert f"({18 - len(failed)} are done)" in str(caught.value)
    path.write_bytes(whole)
    assert import_set(copy, tmp_path / "back").digest == made.digest
    assert not (tmp_path / "back" / ".build").exists()


def test_a_shard_that_ends_between_two_samples_is_cut_short_too(copy, tmp_path):
    path = copy / "train-000002.tar"
    rewrite(path, members(path)[:5])
    with pytest.raises(
        BatchError, match=r"is cut short: its sample is not in it; it has [\d,]+ bytes, and had"
    ):
        import_set(copy, tmp_path / "back")
    path.unlink()
    with pytest.raises(BatchError, match=rf"4 of 18 images failed \(14 are done\)(.|\n)*{path}: is missing"):
        import_set(copy, tmp_path / "other")


def test_doubled_keys_are_refused_by_name(exported, copy, tmp_path):
    made, _ = exported
    shutil.copy(copy / "train-000000.tar", copy / "train-000003.tar")
    with pytest.raises(BatchError) as caught:
        import_set(copy, tmp_path / "back")
    reason = "the key stands twice, in train-000000.tar and train-000003.tar"
    assert [caught.value.failures[row.id] for row in made.rows[::4]] == [reason] * 5
    assert {row.id for row in made.rows[3::4]} <= caught.value.failures.keys()
    path = copy / "train-000001.tar"
    rewrite(path, members(path) + members(path)[:5])
    with pytest.raises(BatchError, match=r"train-000001\.tar: its file '.*\.json' stands twice"):
        import_set(copy, tmp_path / "other")


def test_shards_of_two_sets_are_told_apart(exported, copy, tmp_path, tiny_set):
    export(tiny_set, tmp_path / "tiny", to="webdataset", any_licence=True)
    shutil.copy(tmp_path / "tiny" / "train-000000.tar", copy / "test-000000.tar")
    with pytest.raises(BatchError, match=r"test-000000.tar: is no shard of this export; two exports lie in"):
        import_set(copy, tmp_path / "back")
    (copy / "test-000000.tar").unlink()
    shutil.copy(tmp_path / "tiny" / "train-000000.tar", copy)
    message = rf"is a shard of another set \(digest {tiny_set.digest[:12]}\) than export\.json speaks of"
    with pytest.raises(BatchError, match=message):
        import_set(copy, tmp_path / "other")
    shutil.copy(tmp_path / "tiny" / "export.json", copy)
    for number in range(1, 4):
        (copy / f"train-{number:06d}.tar").unlink()
        shutil.copy(tmp_path / "tiny" / f"train-{number:06d}.tar", copy)
    assert import_set(copy, tmp_path / "third").digest == tiny_set.digest


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        (("../evil.png", b"x"), "is of no sample"),
        (("/etc/evil.png", b"x"), "is of no sample"),
        (("fur-00000000.image.png", "2"), "is a link, a folder or a device"),  # a symbolic link
        (("fur-00000000.image.png", "3"), "is a link, a folder or a device"),
        (("fur-00000000.json", b" " * (2**20 + 1)), r"is of 1,048,577 bytes, and up to 1,048,576 are read"),
    ],
)
def test_hostile_members_leave_the_folder_never(copy, tmp_path, extra, reason):
    path = copy / "train-000000.tar"
    rewrite(path, [*members(path), extra])
    with pytest.raises(BatchError, match=rf"{path}: its file '{extra[0]}' {reason}"):
        import_set(copy, tmp_path / "new" / "back")
    assert not list(tmp_path.rglob("evil*"))


def test_compressed_and_foreign_files_are_no_shards(copy, tmp_path):
    path = copy / "train-000000.tar"
    contents = members(path)
    with tarfile.open(path, "w:gz") as shard:
        shard.addfile(tarfile.TarInfo("a"))
    with pytest.raises(BatchError, match=r"train-000000\.tar: is no tar, or is cut short"):
        import_set(copy, tmp_path / "back")
    rewrite(path, [(name, b"{]" if name.endswith("json") else content) for name, content in contents])
    with pytest.raises(BatchError, match=r"\.json is not JSON"):
        import_set(copy, tmp_path / "other")


def test_pixels_and_rows_that_were_changed_are_found_out(copy, tmp_path):
    path = copy / "train-000000.tar"
    contents = members(path)
    first = contents[0][0].removesuffix(".json")
    black = encode_png(np.zeros((64, 80), np.uint8))
    rewrite(path, [(name, black if name == f"{first}.alpha.png" else data) for name, data in contents])
    with pytest.raises(BatchError) as caught:
        import_set(copy, tmp_path / "back")
    reason = f"{path}, {first}, alpha: its pixels are not those that were built; get the file again"
    assert caught.value.failures == {first: reason}
    row = json.loads(contents[0][1]) | {"licence": "mine"}
    rewrite(path, [(contents[0][0], json.dumps(row).encode()), *contents[1:]])
    with pytest.raises(DataError, match=r"a licence, a name or another fact in its rows is not the one"):
        import_set(copy, tmp_path / "other")
