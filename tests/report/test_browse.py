import atexit
import contextlib
import json
import os
import re
import socket
import struct
import threading
import warnings
from importlib.util import find_spec
from pathlib import Path

import msgspec.structs
import numpy as np
import pytest
from browse_by_hand import EVIL, browse_set, ramp, two_methods_on_disk
from PIL import Image
from tools.mongod import running_mongod

from simd.dataset.manifest import write_manifest
from simd.dataset.review import read_review
from simd.errors import DataError
from simd.metrics.evaluate import evaluate, find_truths
from simd.report.browse.database import missing_metadata_is_none
from simd.taxonomy import TAXONOMY

pytestmark = [
    pytest.mark.fiftyone,
    # said of FiftyOne's code by its libraries, when it connects and when the App starts
    pytest.mark.filterwarnings("ignore:No uuidRepresentation is specified:DeprecationWarning"),
    pytest.mark.filterwarnings(r"ignore:connections\(\) is deprecated:DeprecationWarning"),
]
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def fo(tmp_path_factory):
    """Return FiftyOne on a private database in a home of its own; both go at the end."""
    if find_spec("fiftyone") is None:
        pytest.skip("FiftyOne is not installed")
    home = tmp_path_factory.mktemp("home")
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    with running_mongod() as uri, pytest.MonkeyPatch.context() as patch:
        settings = {"FIFTYONE_DATABASE_URI": uri, "HOME": str(home), "XDG_CACHE_HOME": cache}
        for name, value in settings.items():
            patch.setenv(name, value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with missing_metadata_is_none():  # a test before may have used Dask
                import fiftyone
            import fiftyone.core.odm.database as database
        patch.setattr(fiftyone.config, "database_uri", uri)
        patch.setattr(fiftyone.config, "do_not_track", False)  # so that it is our command that says no
        yield fiftyone
        # its last word to the database would wait half a minute for one that is gone
        atexit.unregister(database._delete_non_persistent_datasets_if_allowed)
        database._disconnect()


@pytest.fixture
def tiny(tmp_path):
    return browse_set(tmp_path)


@pytest.fixture
def scores(tmp_path, tiny):
    return two_methods_on_disk(tmp_path, tiny)


@pytest.fixture
def opened(fo, request, tmp_path, tiny, scores):
    """Return a dataset of two samples and two methods; it is deleted at the end."""
    from simd.report.browse.open import prepare

    ids = [row.id for row in tiny.rows]
    lines = [f"{id_},{id_.split('-')[0]},net,a,{x},1" for x, id_ in enumerate(ids)]
    (tmp_path / "map.csv").write_text("\n".join(["id,region,class,fg_id,x,y", *lines]))
    opened = prepare(
        tiny.path, scores=scores, embedding=tmp_path / "map.csv", name=request.node.name.replace("[", " ")
    )
    yield opened
    if fo.dataset_exists(opened.dataset.name):
        fo.delete_dataset(opened.dataset.name)


def of(opened, id_):
    return opened.dataset[dict(zip(*opened.dataset.values(["composite", "id"]), strict=True))[id_]]


def test_a_sample_says_all_there_is(opened, tiny):
    row = tiny.rows[0]
    sample = of(opened, row.id)
    assert sample.filepath == str(tiny[0].path("image").absolute())
    assert (sample.primary_class.label, sample.classes) == ("defocus", ["defocus"])
    assert (sample.fg, sample.bg, sample.source, sample.licence) == (EVIL, "sky.jpg", "tiny", "CC0-1.0")
    # 256 pixels, of error 1 and of 127 / 255
    assert sample.dark_sad == pytest.approx(0.256)
    assert sample.grey_sad == pytest.approx(0.256 * 127 / 255)
    assert sample.dark_sad_in_defocus == sample.dark_sad
    assert (sample.dark_grad, sample.dark_conn) == (pytest.approx(0.512), pytest.approx(0.768))
    assert sample.disagreement_dark_grey == pytest.approx(0.256 * 128 / 255)
    assert sample.dark_fallback is None
    assert (sample.metadata.width, sample.metadata.height) == (48, 48)
    assert opened.dataset.persistent
    assert opened.problems == {}


def test_class_0_is_seen_and_no_class_is_not(opened, tiny):
    mask = of(opened, tiny.rows[0].id).class_mask.get_mask()
    inside = tiny[0].class_mask == 0  # defocus
    assert inside.sum() == 256
    assert set(mask[inside].tolist()) == {1}
    assert set(mask[~inside].tolist()) == {0}
    targets = opened.dataset.mask_targets["class_mask"]
    assert (targets[1], targets[20], len(targets)) == ("defocus", "water_spray", 20)
    scheme = opened.dataset.app_config.color_scheme
    colours = next(f for f in scheme.fields if f["path"] == "class_mask")["maskTargetsColors"]
    assert [(c["intTarget"], c["color"]) for c in colours] == [(c.index + 1, c.colour) for c in TAXONOMY]


def test_soft_mattes_stay_soft(fo, tiny, tmp_path):
    from simd.report.browse.open import prepare

    opened = prepare(tiny.path, predictions=[ramp(tmp_path / "ramp", tiny)], name="soft")
    sample = of(opened, tiny.rows[1].id)
    assert sample.ramp_alpha.map_path == str((tmp_path / "ramp" / f"{tiny.rows[1].id}.png").resolve())
    levels = sample.ramp_alpha.get_map()
    assert levels.dtype == np.uint8
    assert set(levels[16:32, 16:32].ravel().tolist()) == set(range(256))
    assert sample.ramp_alpha.range == [0, 255]
    error = sample.ramp_error.get_map()[16:32, 16:32].ravel()
    assert error.tolist() == list(range(255, -1, -1))  # truth is 255
    signed = sample.ramp_signed.get_map()
    assert signed[31, 31] == 128  # no error
    assert signed[16, 16] == 1  # 255 levels too little
    assert signed[0, 0] == 0  # known, so not drawn
    with Image.open(sample.ramp_signed.map_path) as image:
        assert (image.mode, image.format) == ("L", "PNG")
    fo.delete_dataset("soft")


def test_opening_again_updates_in_place(fo, opened, tiny, scores):
    from simd.report.browse.open import prepare

    sample = of(opened, tiny.rows[0].id)
    sample.tags.append("mine")
    sample.primary_class.tags.append("wrong class")
    sample["note"] = "a field of the user"
    sample.save()
    opened.dataset.save_view("my view", opened.dataset.limit(1))
    before = opened.dataset.values("id")
    again = prepare(tiny.path, scores=scores[:1], name=opened.dataset.name)
    assert again.dataset.values("id") == before
    sample = of(again, tiny.rows[0].id)
    assert (sample.tags, sample.primary_class.tags) == (["mine"], ["wrong class"])
    assert sample["note"] == "a field of the user"
    fields = set(again.dataset.get_field_schema())
    assert not [name for name in fields if "grey" in name]  # the method is gone, and so are its fields
    assert {"dark_sad", "dark_error", "dark_conn_in_net"} <= fields
    views = again.dataset.list_saved_views()
    assert "my view" in views
    assert not [name for name in views if "grey" in name]
    maps = Path(sample.dark_error.map_path).parent
    assert len(list(maps.glob("*.png"))) == 2 * (1 + 2)  # nothing is left of it there


def test_the_views_hold_what_their_names_say(opened, tiny):
    target = opened.dataset
    assert {
        "worst net, dark",
        "best net, dark",
        "worst, grey",
        "dark against grey",
        "fallbacks, dark",
    } <= set(target.list_saved_views())
    assert target.load_saved_view("worst net, dark").values("composite") == [tiny.rows[1].id]
    assert len(target.load_saved_view("dark against grey")) == 2
    assert len(target.load_saved_view("fallbacks, dark")) == 0
    grouped = target.load_saved_view("foregrounds over their backgrounds")
    assert len(grouped) == 1  # one foreground
    assert target.list_workspaces() == ["failures"]
    assert set(target.list_brain_runs()) == {"map", "descriptors"}
    assert target.load_brain_results("map").points.tolist() == [[0, 1], [1, 1]]
    similar = target.sort_by_similarity(target.first().id, brain_key="descriptors")
    assert len(similar) == 2


def test_tags_come_back_as_a_review(run_cli, opened, tiny, tmp_path):
    name = opened.dataset.name
    first, second = (of(opened, row.id) for row in tiny.rows)
    first.tags += ["exclude", "too dark"]
    first.save()
    second.primary_class.tags.append("wrong class")
    second.save()
    done = run_cli("browse", "pull", tiny.path, "--name", name, "--by", "me")
    path = tmp_path / "set.review.jsonl"
    assert (done.code, done.out) == (0, f"2 composites tagged, 1 excluded: {path}\n")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows[0] == {
        "id": tiny.rows[0].id,
        "fg_id": EVIL,
        "bg_id": "sky.jpg",
        "tags": ["exclude", "too dark"],
        "by": "me",
    }
    assert rows[1]["tags"] == ["wrong class"]
    truths = find_truths(tiny.path, review=path)
    rest = evaluate(tmp_path / "mattes 0", truths).scores
    assert {row.id for row in rest.rows} == {tiny.rows[1].id}
    # what is tagged no more is gone, and who said the rest stays
    second.primary_class.tags = []
    second.save()
    assert run_cli("browse", "pull", tiny.path, "--name", name, "--by", "you").code == 0
    assert [(r.id, r.by) for r in read_review(path).remarks] == [(tiny.rows[0].id, "me")]


def test_a_set_with_images_without_a_class_opens_and_its_tags_come_back(fo, run_cli, tmp_path):
    from simd.report.browse.open import prepare

    matting_set = browse_set(tmp_path)
    rows = [msgspec.structs.replace(matting_set.rows[0], class_="", classes=()), matting_set.rows[1]]
    write_manifest(matting_set.path, rows, name="mixed", protocol="exact", seed=0, sources=[])
    opened = prepare(matting_set.path, name="mixed")
    try:
        sample, other = of(opened, rows[0].id), of(opened, rows[1].id)
        assert (sample.primary_class, sample.classes) == (None, [])
        assert other.primary_class.label == rows[1].class_
        sample.tags.append("no class yet")
        sample.save()
        done = run_cli("browse", "pull", matting_set.path, "--name", "mixed")
        assert done.code == 0, done.err
        (remark,) = read_review(tmp_path / "set.review.jsonl").remarks
        assert (remark.id, remark.tags) == (rows[0].id, ("no class yet",))
    finally:
        fo.delete_dataset("mixed")


def test_a_dataset_of_somebody_else_is_never_touched(fo, run_cli, tiny):
    other = fo.Dataset("mine")
    other.add_sample(fo.Sample(filepath="picture.png"))
    done = run_cli("browse", tiny.path, "--name", "mine", "--no-app")
    assert done.code == 1
    assert "'mine' was not made by simd browse and is left alone" in done.err
    assert (len(other), other.persistent, other.info) == (1, False, {})
    fo.delete_dataset("mine")


def test_a_name_that_shows_another_set_is_refused(opened, tmp_path, run_cli):
    other = browse_set(tmp_path / "other", fg_id="x")
    write_manifest(other.path, other.rows[:1], name=other.name, protocol="exact", seed=0, sources=[])
    done = run_cli("browse", other.path, "--name", opened.dataset.name, "--no-app")
    assert done.code == 1
    assert "shows another set" in done.err
    assert len(opened.dataset) == 2


def test_pulling_what_was_never_opened_says_what_to_do(fo, run_cli, tiny):
    done = run_cli("browse", "pull", tiny.path)
    assert done.code == 1
    assert "make one: simd browse" in done.err


def test_missing_mattes_are_named_after_the_rest_is_done(fo, run_cli, tiny, scores, tmp_path):
    (tmp_path / "mattes 0" / f"{tiny.rows[0].id}.png").unlink()
    done = run_cli("browse", tiny.path, "--scores", *scores, "--no-app", "--name", "lacking")
    assert done.code == 1
    assert "2 samples, 2 methods" in done.out
    assert f"dark, {tiny.rows[0].id}: " in done.err
    samples = {sample.composite: sample for sample in fo.load_dataset("lacking")}
    lacking = samples[tiny.rows[0].id]
    assert (lacking.dark_alpha, lacking.grey_alpha is None) == (None, False)
    assert "is not there" in lacking.dark_missing
    fo.delete_dataset("lacking")


def test_a_database_that_is_down_is_named_without_its_password(fo, monkeypatch):
    from simd.report.browse import database

    monkeypatch.setattr(database, "_SECONDS", 0.2)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(DataError, match=rf"database 127.0.0.1:{port} does not answer; start it") as caught:
        database.check_database(f"mongodb://me:secret@127.0.0.1:{port}")
    assert "secret" not in str(caught.value)


def test_a_database_that_is_too_old_is_refused(fo, old_server):
    from fiftyone.constants import MONGODB_MIN_VERSION

    from simd.report.browse.database import check_database

    needed = re.escape(str(MONGODB_MIN_VERSION))
    with pytest.raises(DataError, match=rf"is MongoDB 4\.4\.0, FiftyOne needs {needed} or later; update it"):
        check_database(old_server)


@pytest.fixture
def old_server():
    """Answer as a MongoDB of an older version does: to hello, and to the question for its version."""
    import bson

    answer = bson.encode(
        {
            **{"ok": 1.0, "version": "4.4.0", "isWritablePrimary": True, "ismaster": True},
            **{"minWireVersion": 0, "maxWireVersion": 9, "maxBsonObjectSize": 2**24},
            **{"maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000, "readOnly": False},
        }
    )
    listener = socket.create_server(("127.0.0.1", 0))

    def converse(connection):
        with connection:
            while head := connection.recv(16, socket.MSG_WAITALL):
                length, number, _, kind = struct.unpack("<iiii", head)
                connection.recv(length - 16, socket.MSG_WAITALL)
                if kind == 2013:  # OP_MSG
                    body = struct.pack("<IB", 0, 0) + answer
                else:  # OP_REPLY to the first hello
                    body = struct.pack("<iqii", 8, 0, 0, 1) + answer
                reply = 2013 if kind == 2013 else 1
                connection.sendall(struct.pack("<iiii", 16 + len(body), 1, number, reply) + body)

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=converse, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"mongodb://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_a_server_that_does_not_start_gets_a_sentence(fo, monkeypatch):
    from fiftyone.core.service import ServiceListenTimeout

    from simd.report.browse.database import connect

    def list_datasets():
        raise ServiceListenTimeout("mongod")

    monkeypatch.setattr(fo.config, "database_uri", None)
    monkeypatch.setattr(fo, "list_datasets", list_datasets)
    with pytest.raises(
        DataError, match=r"cannot be opened .* such as OpenSSL 1\.1: install them, or set FIFTY"
    ):
        connect()


def test_a_private_server_leaves_nothing_behind():
    with running_mongod() as uri:
        port = int(uri.rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port), 1).close()
        found = [p for p in Path("/proc").iterdir() if p.name.isdigit() and str(port) in _words(p)]
        assert len(found) == 1
        folder = Path(_words(found[0])[_words(found[0]).index("--dbpath") + 1])
        assert folder.is_dir()
    assert not folder.exists()
    assert not found[0].exists()


def _words(process):
    try:
        return (process / "cmdline").read_text().split("\0")
    except OSError:
        return []


# --- the App in Chromium -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.browser
def test_the_app_shows_labels_views_heatmaps_and_points(fo, opened, tiny):
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    from simd.report.browse.open import launch

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    session = launch(opened, port=port, auto=False)
    try:
        with sync_api.sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
            _walk(browser.new_page(viewport={"width": 1400, "height": 900}), port, opened)
            browser.close()
    finally:
        session.close()


def _walk(page, port, opened):
    from playwright.sync_api import TimeoutError

    page.set_default_timeout(90_000)
    outside = []

    def only_here(route):
        if f"127.0.0.1:{port}" in route.request.url:
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    page.route("**/*", only_here)
    page.goto(f"http://127.0.0.1:{port}/")
    page.locator("[data-cy=looker]").first.wait_for()
    # the first-run pop-up, which may cover an advertisement with a button of that name
    with contextlib.suppress(TimeoutError):
        page.locator("button.MuiButton-root", has_text="Dismiss").first.click(timeout=30_000)
    page.get_by_text("2 samples").wait_for()
    page.wait_for_function("document.querySelectorAll('[data-cy=looker]').length === 2")
    page.get_by_text("defocus", exact=True).first.wait_for()  # the label on a tile
    _see_the_points(page)
    # a saved view
    page.locator("[data-cy=saved-views-selection]").click()
    page.get_by_text("worst net, dark", exact=True).first.click()
    page.get_by_text("1 sample", exact=False).first.wait_for()
    # two clicks lead from a bad score to the bad pixels: the error is on
    modal = page.locator("#modal")
    for _ in range(10):  # a tile that is still being drawn takes no click
        box = page.locator("[data-cy=looker]").first.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(3_000)
        if modal.locator("canvas").count():
            break
    modal.get_by_text("dark_error").first.wait_for()
    # an error of 255 is the lightest of the scale, which is no colour of the image: (200, 200, 200)
    for _ in range(20):
        shot = page.screenshot(clip=modal.locator("canvas").first.bounding_box())
        red, green, blue = _middle_colour(shot)
        if painted := red > 230 and green > 230 and blue < 200:
            break
        page.wait_for_timeout(1_000)
    assert painted, (red, green, blue)
    # the App itself asks for a font; nothing else leaves the machine
    assert {url.split("/")[2] for url in outside} <= {"fonts.googleapis.com", "fonts.gstatic.com"}


def _see_the_points(page):
    chosen = page.locator("[data-cy=selector-embeddings]")  # the App of FiftyOne 1.14 has chosen by itself
    to_choose = page.get_by_text("map", exact=True).locator("visible=true")
    chosen.or_(to_choose).first.wait_for()
    if chosen.count():
        assert chosen.input_value() == "map"
        page.wait_for_function("document.querySelectorAll('.legendtext').length === 2")
    else:
        to_choose.first.click()
        page.get_by_text("2 points").wait_for()


def _middle_colour(shot):
    import io

    with Image.open(io.BytesIO(shot)) as image:
        return image.convert("RGB").getpixel((image.width // 2, image.height // 2))
