import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from boards_by_hand import BOX, SIDE
from browse_by_hand import EVIL, browse_set, two_methods_on_disk

import simd
from simd.errors import DataError
from simd.image import read_size, write_png
from simd.metrics.scores import load_scores
from simd.report.browse.embeddings_panel import read_points
from simd.report.browse.error_maps import absolute_error, make_maps, signed_error, stored_classes
from simd.report.browse.failures import over_a_colour
from simd.report.browse.gallery import write_gallery
from simd.report.browse.methods import load_methods, problems

NAMES = ("dark", "<img src=x onerror=alert(1)>")


@pytest.fixture
def tiny(tmp_path):
    return browse_set(tmp_path)


@pytest.fixture
def scores(tmp_path, tiny):
    return two_methods_on_disk(tmp_path, tiny, NAMES)


@pytest.fixture
def gallery(tmp_path, tiny, scores):
    return write_gallery(tiny.path, tmp_path / "page", scores=scores)


def test_maps_by_hand():
    unknown = np.array([[True, True, True, True, False]])
    pred, alpha = np.array([[0, 100, 255, 90, 7]], np.uint8), np.array([[255, 100, 0, 91, 0]], np.uint8)
    assert absolute_error(pred, alpha, unknown).tolist() == [[255, 0, 255, 1, 0]]
    assert signed_error(pred, alpha, unknown).tolist() == [[1, 128, 255, 127, 0]]
    assert stored_classes(np.array([[0, 19, 255]], np.uint8)).tolist() == [[1, 20, 0]]
    with pytest.raises(DataError, match="holds 20; classes are"):
        stored_classes(np.array([[20]], np.uint8))


def test_links_share_their_maps_and_a_changed_matte_is_refused(tmp_path, tiny, scores):
    methods = load_methods(tiny, scores)
    first, _ = make_maps(tiny, methods, tmp_path / "maps")
    for layer in ("alpha", "trimap", "class_mask"):  # the second image becomes a link to the first
        paths = [sample.path(layer) for sample in tiny]
        paths[1].unlink()
        paths[1].symlink_to(paths[0])
    for method in methods:
        paths = [method.files[sample.row.id] for sample in tiny]
        paths[1].unlink()
        paths[1].hardlink_to(paths[0])
    shared, _ = make_maps(tiny, methods, tmp_path / "maps")
    ids = [sample.row.id for sample in tiny]
    assert first[ids[0]] != first[ids[1]]
    assert shared[ids[0]] == shared[ids[1]] == first[ids[0]]
    # of each method an error and a signed error, a class mask and what was found; those before are gone
    assert len(list((tmp_path / "maps").iterdir())) == 2 * 2 + 2
    write_png(methods[0].files[ids[0]], np.full((SIDE, SIDE), 9, np.uint8))
    made = make_maps(tiny, methods, tmp_path / "maps")[0][ids[0]].methods["dark"]
    assert "has changed since it was scored" in made.reason


def test_scores_of_another_set_are_refused(tmp_path, scores):
    other = browse_set(tmp_path / "other", fg_id="somebody else")
    layer = next(iter(other)).path("alpha")
    summary = Path(f"{scores[0]}.json")
    summary.write_text(summary.read_text().replace(other.digest, "f" * 64))
    with pytest.raises(DataError, match=r"level0: scores another set \(tiny, digest ffffffffffff\)"):
        load_methods(other, scores)
    assert layer.is_file()


def test_names_that_cannot_be_told_apart_are_refused(tmp_path, tiny):
    twins = two_methods_on_disk(tmp_path, tiny, ("a-b", "A b"))
    with pytest.raises(DataError, match="'a-b' and 'A b' cannot be told apart"):
        load_methods(tiny, twins)


def test_mattes_that_have_moved_are_found_where_they_are_named(tmp_path, tiny, scores):
    (tmp_path / "mattes 0").rename(tmp_path / "dark")
    gone = load_methods(tiny, scores)
    assert len(problems(gone)) == 2
    assert "the folder of mattes is gone" in next(iter(problems(gone).values()))
    found = load_methods(tiny, scores, [tmp_path / "dark"])
    assert (len(found), problems(found), len(found[0].files)) == (2, {}, 2)
    assert found[0].scores is not None


def test_points_are_read_for_the_primary_class(tmp_path, tiny):
    first, second = (row.id for row in tiny.rows)
    lines = ["id,region,class,fg_id,x,y", f"{first},net,net,a,9,9", f"{first},defocus,defocus,a,1,2"]
    (tmp_path / "map.csv").write_text("\n".join([*lines, f"{second},lace,lace,b,3,4", "other,net,net,c,5,6"]))
    assert read_points(tmp_path, tiny) == {first: (1.0, 2.0), second: (3.0, 4.0)}
    (tmp_path / "map.csv").write_text("\n".join([*lines, f"{second},net,net,b,nan,4"]))
    with pytest.raises(DataError, match=r"map.csv:4: x and y must be finite"):
        read_points(tmp_path, tiny)
    (tmp_path / "map.csv").write_text("id,x,y\n")
    with pytest.raises(DataError, match="has no column region"):
        read_points(tmp_path, tiny)


def test_a_composite_over_another_colour_by_hand():
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, :4] = (0, 200, 0)  # green: so the colour is not the green one
    pred = np.zeros((8, 8), np.uint8)
    pred[:, :4] = 255
    made = over_a_colour(image, pred, (8, 8))
    assert made[0, 0].tolist() == pytest.approx([0, 200, 0], abs=3)
    assert made[0, 7].tolist() == [200, 40, 170]


def test_a_page_is_small_and_its_pictures_are_files(tmp_path, gallery):
    assert (gallery.cards, gallery.methods, gallery.problems) == (4, 2, {})  # an image and a region each
    assert gallery.page.stat().st_size < 100_000
    pictures = sorted(p.name for p in (tmp_path / "page" / "pictures").iterdir())
    assert len(pictures) == 4 * (3 + 2 * 3)
    text = gallery.page.read_text()
    assert "<script>document" not in text
    assert "&lt;script&gt;document" in text
    assert "data:image" not in text
    box = BOX.stop - BOX.start + 2 * (8 + round(0.15 * 15))
    sizes = {read_size(p)[::-1] for p in (tmp_path / "page" / "pictures").glob("*-trimap.webp")}
    assert sizes == {(SIDE, SIDE), (box, box)}  # regions are cut out


def test_a_page_is_replaced_and_nothing_else_is(tmp_path, tiny, scores, gallery):
    again = write_gallery(tiny.path, tmp_path / "page", scores=scores[:1], worst=1)
    assert (again.methods, again.cards) == (1, 4)
    assert not list((tmp_path / "page" / "pictures").glob("*-1-*"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(DataError, match="is not an empty folder"):
        write_gallery(tiny.path, tmp_path / "mine", scores=scores)
    with pytest.raises(DataError, match="no scores to find failures by"):
        write_gallery(tiny.path, tmp_path / "none", scores=[], predictions=[tmp_path / "mattes 0"])


def test_the_command_names_missing_mattes_after_writing(run_cli, monkeypatch, tmp_path, tiny, scores):
    monkeypatch.setitem(sys.modules, "fiftyone", None)  # as if it were not installed
    (tmp_path / "mattes 0" / f"{tiny.rows[0].id}.png").unlink()
    out = tmp_path / "page"
    done = run_cli("browse", tiny.path, "--scores", f"{scores[0]}.csv", f"{scores[1]}.json", "--static", out)
    assert done.code == 1
    assert "4 failures of 2 methods" in done.out
    assert f"dark, {tiny.rows[0].id}: " in done.err
    assert "1 of 4 mattes failed (3 are done)" in done.err
    assert (out / "index.html").is_file()


def test_a_damaged_layer_is_named_and_the_others_are_shown(tmp_path, tiny, scores):
    tiny[0].path("alpha").write_bytes(b"no image")
    maps, broken = make_maps(tiny, load_methods(tiny, scores), tmp_path / "maps")
    assert (list(maps), list(broken)) == ([tiny.rows[1].id], [tiny.rows[0].id])
    gallery = write_gallery(tiny.path, tmp_path / "page", scores=scores)
    assert gallery.cards == 2
    assert list(gallery.problems) == [tiny.rows[0].id]
    assert "defocus-00000001.png" in gallery.problems[tiny.rows[0].id]


def test_browse_writes_the_page_from_python_and_warns_of_what_it_cannot_show(tmp_path, tiny, scores, caplog):
    tiny[0].path("alpha").write_bytes(b"no image")
    gallery = simd.browse(tiny.path, scores=scores, page=tmp_path / "page")
    assert gallery.page.is_file()
    assert gallery.cards == 2
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert caplog.records[0].getMessage().startswith(f"{tiny.rows[0].id}: ")


def test_browsing_without_fiftyone_says_what_to_install(run_cli, monkeypatch, tiny):
    monkeypatch.setitem(sys.modules, "fiftyone", None)
    done = run_cli("browse", tiny.path)
    assert (done.code, done.out) == (1, "")
    assert 'browsing needs FiftyOne; install it with: pip install -e ".[browse]"' in done.err


# --- in Chromium -------------------------------------------------------------------------------------------


@pytest.fixture
def page(browser, gallery):
    """Yield the page from disk; anything said on the console or asked outside its folder fails the test."""
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: said.append(f"in vain: {request.url}"))
    page.goto(gallery.page.as_uri())
    yield page
    inside = gallery.page.parent.as_uri()
    outside = [url for url in asked if not url.startswith(("data:", inside))]
    page.close()
    assert (said, outside) == ([], [])


def shown(page):
    return page.locator("figure.card:visible code").all_inner_texts()


@pytest.mark.browser
def test_failures_are_filtered_and_sorted(page, tiny):
    defocus, net = (row.id for row in tiny.rows)
    assert page.locator("output").inner_text() == "2 of 4"
    page.select_option("select[name=order]", "id")
    assert shown(page) == sorted([defocus, net])
    page.select_option("select[name=class]", "net")
    assert shown(page) == [net]
    assert page.locator("figure.card:visible figcaption").inner_text().startswith("net")
    page.select_option("select[name=scope]", "region")
    assert page.locator("figure.card:visible figcaption", has_text="region of net").count() == 1
    page.select_option("select[name=class]", "defocus")
    assert shown(page) == [defocus]


@pytest.mark.browser
def test_sorting_follows_the_scores_of_the_method(browser, tmp_path, tiny, scores):
    loaded = load_scores(Path(scores[0]))  # SAD is 0.256 for all; let net have more of Grad
    rows = [replace(row, grad=7.5) if row.class_ == "net" else row for row in loaded.rows]
    replace(loaded, rows=tuple(rows)).save(Path(scores[0]))
    gallery = write_gallery(tiny.path, tmp_path / "sorted", scores=scores)
    page = browser.new_page()
    page.goto(gallery.page.as_uri())
    page.select_option("select[name=order]", "grad")
    assert shown(page) == [tiny.rows[1].id, tiny.rows[0].id]
    said = page.locator("figure.card:visible .said").first.inner_text()
    assert "Grad 7.5" in said
    assert "SAD 0.256" in said
    page.close()


@pytest.mark.browser
def test_the_slider_uncovers_the_other_method(page):
    card = page.locator("figure.card:visible").first
    own = card.locator(".compare img[data-layer=own]")
    assert own.evaluate("image => image.decode().then(() => image.naturalWidth)") == SIDE
    clip = "node => getComputedStyle(node).clipPath"
    before = own.evaluate(clip)
    slider = card.locator("input[type=range]")
    slider.focus()
    for _ in range(10):
        slider.press("ArrowRight")
    assert slider.input_value() == "60"
    assert own.evaluate(clip) != before
    assert "60%" in own.evaluate("node => getComputedStyle(node.parentNode).getPropertyValue('--cut')")
    assert own.get_attribute("src").endswith("-0-matte.webp")  # the first method on the left
    assert card.locator(".compare img[data-layer=other]").get_attribute("src").endswith("-1-matte.webp")
    page.select_option("select[name=picture]", "error")
    assert own.get_attribute("src").endswith("-0-error.webp")


@pytest.mark.browser
def test_names_stay_text(page):
    assert page.title() == "Where methods fail"
    assert EVIL in page.locator("figcaption").first.text_content()
    assert NAMES[1] in page.locator("select[name=other]").text_content()
    assert NAMES[1] in page.locator(".said:visible").first.text_content()


def test_what_the_page_embeds_is_json_of_plain_numbers(gallery):
    text = gallery.page.read_text()
    start = text.index('data-scores="') + len('data-scores="')
    values = json.loads(text[start : text.index('"', start)])
    # 256 pixels of error 1 are 0.256 thousand; MSE is SAD / 100, shown a thousandfold
    assert values[0] == [0.256, 2.56, 0.512, 0.768]


def test_fiftyone_can_be_imported_after_dask(tmp_path):
    if find_spec("fiftyone") is None or find_spec("importlib_metadata") is None:
        pytest.skip("FiftyOne or the library that Dask loads is not installed")
    program = (
        "from importlib_metadata import metadata\n"
        "from simd.report.browse.database import missing_metadata_is_none\n"
        "def author():\n"  # KeyError or None, by the version of that library
        "    try:\n"
        "        return metadata('numpy')['no-such-key']\n"
        "    except KeyError as error:\n"
        "        return str(error)\n"
        "before = author()\n"
        "with missing_metadata_is_none():\n"
        "    import fiftyone\n"
        "print('as before' if author() == before else 'changed')\n"
    )
    # no database is needed to import it, and none is to be started
    environment = os.environ | {"FIFTYONE_DATABASE_URI": "mongodb://127.0.0.1:9", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "as before", done.stderr[-2000:]
