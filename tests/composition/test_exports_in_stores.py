"""Exports in object stores: the same set comes back, and what was cut off reads as nothing."""

import os
import subprocess
import sys
import time
import uuid

import pytest
from conftest import write_backgrounds, write_foregrounds

from simd.composition.build import build
from simd.composition.export import export
from simd.composition.import_finished import import_set
from simd.errors import BatchError, DataError, MissingExtraError
from simd.stores import UNFINISHED, address_of, open_store

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("set")
    fgs, bgs = write_foregrounds(root / "fgs"), write_backgrounds(root / "bgs")
    return build(
        root / "set", foregrounds=fgs, backgrounds=bgs, licence="CC0-1.0", background_licence="CC0-1.0"
    )


@pytest.fixture(scope="module")
def bucket():
    """Start a server that speaks S3, and return the address of a bucket of it."""
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    values = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "mine",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        fsspec.filesystem("s3", use_listings_cache=False).mkdir("exports")
        yield "s3://exports"
    running.stop()


@pytest.fixture(params=["memory", "s3"])
def place(request):
    """Return an address in which nothing lies."""
    start = request.getfixturevalue("bucket") if request.param == "s3" else "memory://exports"
    return f"{start}/{uuid.uuid4().hex}"


@pytest.mark.parametrize("format_", ["webdataset", "parquet", "coco", "croissant"])
def test_the_set_comes_back(made, place, tmp_path, format_):
    if format_ == "parquet":
        pytest.importorskip("datasets", reason="datasets is not installed")
    exported = export(made, place, to=format_)
    assert (exported.folder, exported.digest) == (place, made.digest)
    local = export(made, tmp_path / "local", to=format_).folder
    files = {f.relative_to(local).as_posix(): f.stat().st_size for f in local.rglob("*") if f.is_file()}
    assert open_store(place).sizes() == files
    back = import_set(place, tmp_path / "back")
    assert back.digest == made.digest
    again = import_set(f"{place}/", tmp_path / "back")
    assert again.digest == made.digest


def test_an_address_in_use_is_left_alone(made, place, tmp_path):
    store = open_store(place)
    store.send_text("notes.txt", "mine")
    with pytest.raises(
        DataError, match=r"is not empty \(notes\.txt\); an export needs an address of its own"
    ):
        export(made, place, to="webdataset")
    assert store.sizes() == {"notes.txt": 4}
    store.remove("notes.txt")
    export(made, place, to="webdataset")
    sizes = store.sizes()
    with pytest.raises(DataError, match="holds an export already; name another address, or remove it"):
        export(made, place, to="coco")
    assert store.sizes() == sizes
    with pytest.raises(DataError, match=r"nowhere: has no export\.json, which simd export writes"):
        import_set(f"{place}/nowhere", tmp_path / "back")


def test_what_was_cut_off_is_no_export_and_goes_on(made, place, tmp_path, monkeypatch):
    """The network goes while the first shard is being sent."""
    import shutil

    copy, sent = shutil.copyfileobj, []

    def fail(source, target, *rest):
        sent.append(source.name.rpartition("/")[2])
        if len(sent) == 4:
            target.write(source.read(1000))
            raise OSError("the cable is out")
        copy(source, target, *rest)

    monkeypatch.setattr("simd.stores.shutil.copyfileobj", fail)
    with pytest.raises(
        DataError, match=r"train-000000\.tar: the store cannot be reached, or failed \(OSError: the c"
    ):
        export(made, place, to="webdataset")
    present = open_store(place).sizes()
    assert present.keys() == {UNFINISHED, *("README.md", "ATTRIBUTION.md"), "splits/train.txt"}
    monkeypatch.undo()
    with pytest.raises(DataError, match="is an unfinished export; run the simd export that began it again"):
        import_set(place, tmp_path / "back")
    with pytest.raises(
        DataError, match="unfinished export of another set, or with other options; name another"
    ):
        export(made, place, to="webdataset", shards=2)
    names = []
    send = type(open_store(place)).send
    monkeypatch.setattr(
        "simd.stores.Store.send", lambda store, name, file: (names.append(name), send(store, name, file))
    )
    export(made, place, to="webdataset")
    assert names[-1] == "export.json"
    assert not set(names) & present.keys()
    assert UNFINISHED not in open_store(place).sizes()
    assert import_set(place, tmp_path / "back").digest == made.digest


KILLED = """
import sys, os, shutil
import simd.stores
from simd.composition.export import export
copy, calls = shutil.copyfileobj, []
def die(source, target, *rest):
    calls.append(1)
    if source.name.endswith(".tar"):
        target.write(source.read(1000))
        os.kill(os.getpid(), 9)
    copy(source, target, *rest)
simd.stores.shutil.copyfileobj = die
export(sys.argv[1], sys.argv[2], to="webdataset")
"""


def test_a_killed_export_leaves_no_half_object(made, bucket, tmp_path):
    place = f"{bucket}/{uuid.uuid4().hex}"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, made.path, place],
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == -9
    names = open_store(place).sizes()
    assert UNFINISHED in names
    assert "export.json" not in names
    assert not [name for name in names if name.endswith(".tar")]
    export(made, place, to="webdataset")
    assert import_set(place, tmp_path / "back").digest == made.digest


def test_an_upload_of_many_parts_that_fails_leaves_none(bucket, tmp_path, monkeypatch):
    store = open_store(f"{bucket}/{uuid.uuid4().hex}")
    with (tmp_path / "large.tar").open("wb") as stream:
        stream.truncate(60 * 2**20)  # s3fs sends parts of 50 MiB
    store.send("large.tar", tmp_path / "large.tar")
    assert store.sizes() == {"large.tar": 60 * 2**20}
    store.remove("large.tar")

    unseen = []

    def fail(source, target, *_):
        target.write(source.read(55 * 2**20))
        unseen.extend(store.files.list_multipart_uploads(bucket.removeprefix("s3://")))
        raise OSError("the cable is out")

    monkeypatch.setattr("simd.stores.shutil.copyfileobj", fail)
    with pytest.raises(DataError, match=r"large\.tar: the store cannot be reached"):
        store.send("large.tar", tmp_path / "large.tar")
    assert store.sizes() == {}
    assert len(unseen) == 1
    assert store.files.list_multipart_uploads(bucket.removeprefix("s3://")) == []


def test_a_damaged_file_is_named_by_its_address_and_got_again(made, place, tmp_path):
    export(made, place, to="webdataset", shards=2)
    store = open_store(place)
    with store.files.open(f"{store.root}/train-000001.tar", "rb") as stream:
        content = stream.read()
    store.files.pipe_file(f"{store.root}/train-000001.tar", content[: len(content) // 2])
    with pytest.raises(BatchError) as caught:
        import_set(place, tmp_path / "back")
    assert f"{place}/train-000001.tar" in str(caught.value)
    assert "simd-" not in str(caught.value)
    assert all("/tmp" not in reason for reason in caught.value.failures.values())
    store.files.pipe_file(f"{store.root}/train-000001.tar", content)
    assert import_set(place, tmp_path / "back").digest == made.digest


def test_names_of_objects_lead_nowhere_else(made, tmp_path):
    place = f"memory://exports/{uuid.uuid4().hex}"
    export(made, place, to="webdataset")
    store = open_store(place)
    store.files.store[f"{store.root}/../../evil.txt"] = store.files.store[f"{store.root}/README.md"]
    try:
        assert import_set(place, tmp_path / "in" / "back").digest == made.digest
    finally:
        del store.files.store[f"{store.root}/../../evil.txt"]
    assert not list(tmp_path.rglob("evil.txt"))


def test_stores_that_cannot_be_used_are_answered_with_a_sentence(made, tmp_path, bucket, monkeypatch):
    with pytest.raises(DataError, match=r"s3://no-such-bucket/x.*: no such bucket, repository or object"):
        export(made, "s3://no-such-bucket/x", to="webdataset")
    with pytest.raises(DataError, match=r"s3://no-such-bucket/x: (has no export|no such bucket)"):
        import_set("s3://no-such-bucket/x", tmp_path / "back")
    with monkeypatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.delenv(name)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        fsspec.filesystem("s3").clear_instance_cache()
        with pytest.raises(DataError, match=r"lets nobody in without credentials.*AWS_ACCESS_KEY_ID"):
            import_set("s3://exports/x", tmp_path / "back")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    fsspec.filesystem("s3").clear_instance_cache()
    start = time.monotonic()
    with pytest.raises(DataError, match=r"the store cannot be reached, or failed .* look at the network"):
        import_set("s3://exports/x", tmp_path / "back")
    assert time.monotonic() - start < 60
    fsspec.filesystem("s3").clear_instance_cache()


def test_protocols_that_nobody_knows_or_that_lack_their_library(made, tmp_path, monkeypatch):
    with pytest.raises(DataError, match="nope://a/b: unknown protocol 'nope'; s3, gs and hf are known"):
        export(made, "nope://a/b", to="webdataset")
    with pytest.raises(DataError, match="is an export of a set, whose rows say all of it; leave --class out"):
        import_set("memory://a/b", tmp_path / "back", class_="fur")
    for protocol, library in (("s3", "s3fs"), ("gs", "gcsfs")):
        monkeypatch.setitem(sys.modules, library, None)
        monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, protocol, raising=False)
        with pytest.raises(MissingExtraError, match=rf'{protocol}:// needs {library}; .*"\.\[{protocol}\]"'):
            import_set(f"{protocol}://bucket/x", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_path_of_this_machine_is_no_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert address_of("s3:/bucket/x") == "s3://bucket/x"
    (tmp_path / "s3:").mkdir()
    assert address_of("s3:/bucket/x") is None
    assert address_of("s3://bucket/x") == "s3://bucket/x"
    assert [address_of(path) for path in ("C:/a", "C://a", "a/b", "./s3://b", "", 7, "s3:///x")] == [None] * 7


def test_the_commands_take_addresses(made, run_cli, tmp_path):
    place = f"memory://exports/{uuid.uuid4().hex}"
    done = run_cli("export", made.path, "--to", "webdataset", "--out", place, "--shards", "2")
    assert (done.code, done.out) == (
        0,
        f"6 images in 2 files for webdataset: {place}\ndigest {made.digest}\n",
    )
    done = run_cli("import", place, tmp_path / "back")
    assert (done.code, f"digest {made.digest}" in done.out) == (0, True)
