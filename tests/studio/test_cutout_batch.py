import cv2
import numpy as np
import pytest
from conftest import save
from cutout_page import HEIGHT, WIDTH, photograph, serving, subject, write_photographs

import simd
from simd import scene
from simd.errors import BatchError, DataError
from simd.image import read_alpha, read_image, to_uint8
from simd.metrics.alpha import sad
from simd.studio.cutout.batch import cut_out_all
from simd.studio.cutout.boxes import read_boxes
from simd.studio.cutout.first_answer import predictor
from simd.studio.cutout.selecting import select, trimap_of_matte
from simd.studio.cutout.session import Cutouts
from simd.trimap import read_trimap

BOX = (14, 24, 82, 96)


def overlap(alpha, truth):
    mask = alpha > 0.5
    return (mask & truth).sum() / (mask | truth).sum()


# --- one picture ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("box", [None, BOX, list(BOX), np.array(BOX)])
def test_a_box_or_nothing_gives_alpha_and_colours(box):
    image = photograph()
    alpha, fg = simd.cutout(image, box)
    assert (alpha.dtype, alpha.shape, fg.dtype, fg.shape) == (
        np.float32,
        (HEIGHT, WIDTH),
        np.uint8,
        image.shape,
    )
    assert overlap(alpha, subject()) > 0.95
    assert np.array_equal(fg[alpha == 1], image[alpha == 1])


def test_a_trimap_gives_its_closed_form_matte():
    image, trimap = photograph(), select(photograph(), box=BOX)
    alpha, _ = simd.cutout(image, trimap)
    assert np.array_equal(alpha, simd.matte(image, trimap))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ((1, 2, 3), r"a box is \(top, left, bottom, right\) in pixels, not \[1, 2, 3\]"),
        ((9, 2, 3, 8), "a box has its top above its bottom"),
        ((0, 0, float("nan"), 8), "a box is"),
        ((200, 300, 400, 500), "lies outside the picture; draw it around the subject"),
        ((40, 50, 43, 54), "the box of 3 x 4 pixels is too small to find a subject in; draw it around the"),
        (np.full((HEIGHT, WIDTH), 7, np.uint8), "a trimap holds 0, 128"),
        (np.zeros((5, 5), np.uint8), "trimap"),
    ],
)
def test_what_is_neither_a_box_nor_a_trimap_is_refused(given, complaint):
    with pytest.raises(DataError, match=complaint):
        simd.cutout(photograph(), given)


def test_a_selection_is_the_same_on_every_run():
    assert np.array_equal(select(photograph(3)), select(photograph(3)))


def test_an_iteration_that_loses_the_subject_is_not_kept(test_data):
    """GrabCut's second takes the whole leaf for background."""
    alpha = read_alpha(test_data / "data" / "real" / "alpha" / "leaf_eggplant.png")
    fg = read_image(test_data / "data" / "real" / "fg" / "leaf_eggplant.png")
    height, width = alpha.shape
    bg = cv2.resize(scene("woods", 0, 320), (width, height))
    image = np.where(alpha[..., None] > 127, fg, bg)
    trimap = select(image)
    assert (trimap[alpha == 255] != 0).mean() > 0.5


# --- many -----------------------------------------------------------------------------------------------


def test_a_batch_goes_on_and_the_page_goes_on_from_it(tmp_path, run_cli):
    photos = write_photographs(tmp_path / "photos", 2)
    out = tmp_path / "out"
    assert cut_out_all(out, photos[:1]) == (1, 0, {})
    before = (out / "alpha" / "photo-0.png").stat().st_mtime_ns
    done = run_cli("cutout", "--auto", tmp_path / "photos", "--out", out, "--workers", 1)
    assert (done.code, done.out) == (0, f"1 cut out, 1 were there already: {out}\n")
    assert (out / "alpha" / "photo-0.png").stat().st_mtime_ns == before
    for number in (0, 1):
        alpha = read_alpha(out / "alpha" / f"photo-{number}.png")
        assert overlap(alpha / 255, subject()) > 0.95
    assert (out / "classes.csv").read_text() == "file,class\nphoto-0.png,\nphoto-1.png,\n"
    with serving(out, [tmp_path / "photos"]) as (_, client, _):
        assert [row["state"] for row in client.ask("/api/overview").json["pictures"]] == ["work", "work"]
        assert client.row(0)["first"] == "rim"


def test_one_picture_that_fails_is_named_and_the_others_are_done(tmp_path):
    write_photographs(tmp_path / "photos", 2)
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    with pytest.raises(BatchError, match=r"1 of 3 pictures failed \(2 are done\):\n  broken.jpg: "):
        cut_out_all(tmp_path / "out", [tmp_path / "photos"])
    assert len(list((tmp_path / "out" / "fg").iterdir())) == 2


def test_what_came_out_as_one_thing_alone_is_named(tmp_path, run_cli):
    save(tmp_path / "photos" / "grey.png", np.full((40, 50, 3), 120, np.uint8))
    done = run_cli("cutout", "--auto", tmp_path / "photos", "--out", tmp_path / "out", "--workers", 1)
    assert done.code == 0
    first, last = done.out.splitlines()
    assert first.startswith("grey.png: came out all ")
    assert last == f"1 cut out: {tmp_path / 'out'}"


def test_what_came_out_as_one_thing_alone_is_named_beside_failures_and_on_going_on(tmp_path):
    out, photos = tmp_path / "out", tmp_path / "photos"
    grey = save(photos / "grey.png", np.full((40, 50, 3), 120, np.uint8))
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    for _ in range(2):
        with pytest.raises(BatchError, match=r"1 of 2 pictures failed(.|\n)*\ngrey.png: came out all "):
            cut_out_all(out, [photos])
    (out / "classes.csv").unlink()  # as a run killed after the layers of its first picture leaves it
    done, earlier, empty = cut_out_all(out, [grey])
    assert (done, earlier, list(empty)) == (0, 1, ["grey.png"])
    assert (out / "classes.csv").read_text() == "file,class\ngrey.png,\n"


def test_an_upload_that_waits_keeps_its_id_and_its_bytes(tmp_path):
    first, second = (save(tmp_path / name / "cat.png", photograph(k)) for k, name in enumerate("ab"))
    out = tmp_path / "out"
    with Cutouts(out) as cutouts:
        cutouts.add("cat.png", first.read_bytes())
    assert cut_out_all(out, [second]) == (1, 0, {})
    assert (out / "image" / "cat-2.png").read_bytes() == second.read_bytes()
    with Cutouts(out) as cutouts:
        assert sorted(picture.id for picture in cutouts.pictures) == ["cat", "cat-2"]
    assert (out / ".waiting" / "cat.png").read_bytes() == first.read_bytes()


def test_a_broken_record_is_named_and_the_others_are_done(tmp_path):
    first, second, third = write_photographs(tmp_path / "photos", 3)
    out = tmp_path / "out"
    cut_out_all(out, [first])
    (out / "strokes" / "photo-0.json").write_text("{}")
    with pytest.raises(BatchError, match=r"1 of 2 pictures failed \(1 are done\):\n  Photo 0.png: .*format"):
        cut_out_all(out, [first, second])
    with pytest.raises(BatchError, match=r"1 of 2 pictures failed \(1 are done\):\n  photo-0: .*format"):
        cut_out_all(out, [third])
    assert sorted(path.name for path in (out / "fg").iterdir()) == [f"photo-{k}.png" for k in range(3)]


def test_failures_of_one_name_are_told_apart_by_their_folders(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cat.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    with pytest.raises(BatchError, match="2 of 2 pictures failed") as caught:
        cut_out_all(tmp_path / "out", [tmp_path / "a", tmp_path / "b"])
    assert list(caught.value.failures) == [str(tmp_path / name / "cat.jpg") for name in ("a", "b")]


def test_boxes_come_from_a_table(tmp_path):
    two = np.concatenate([photograph(1), photograph(2)], axis=1)
    photo = save(tmp_path / "photos" / "two.png", two)
    table = tmp_path / "boxes.csv"
    table.write_text(f"file,top,left,bottom,right\ntwo.png,14,{WIDTH + 24},82,{WIDTH + 96}\n")
    cut_out_all(tmp_path / "out", [photo], boxes=table)
    alpha = read_alpha(tmp_path / "out" / "alpha" / "two.png") / 255
    assert not alpha[:, :WIDTH].any()
    assert overlap(alpha[:, WIDTH:], subject()) > 0.95
    with serving(tmp_path / "page", [photo], boxes=table) as (_, client, _):
        state = client.row()
        assert (state["first"], state["strokes"]) == ("", 1)
        assert not client.plane("alpha")[:, :WIDTH].any()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "lacks the column 'file'; its first line has to be file,top,left,bottom,right"),
        ("file,top,left,bottom\na.png,1,2,3\n", "lacks the column 'right'"),
        ("file,top,left,bottom,right\nb.png,1,2,3,4\n", r":2: there is no picture 'b.png'"),
        ("file,top,left,bottom,right\na.png,1,2,3,x\n", ":2: top, left, bottom and right must be numbers"),
        ("file,top,left,bottom,right\na.png,1,2\n", ":2: top, left, bottom and right must be numbers"),
        ("file,top,left,bottom,right\na.png,5,2,3,9\n", ":2: a box has its top above its bottom"),
        ("file,top,left,bottom,right\na.png,1,2,3,4\nA/a.jpg,1,2,3,4\n", ":3: a second box for 'A/a.jpg'"),
        ('file,top,left,bottom,right\n"a.png,1,2,3,4\n', "is not CSV"),
    ],
)
def test_a_table_of_boxes_that_is_wrong_is_named_by_its_line(tmp_path, text, complaint):
    (tmp_path / "boxes.csv").write_text(text)
    with pytest.raises(DataError, match=complaint):
        read_boxes(tmp_path / "boxes.csv", ["a.png"])


# --- models ---------------------------------------------------------------------------------------------

N = ("mean = [0.485, 0.456, 0.406]\nstd = [0.229, 0.224, 0.225]", 0.485, 0.229)
WIRINGS = {  # [image], [output], what they make of a level of red; see docs/cutout.md
    "u2net": (N[0], "stretch = true", lambda v: stretched((v / 255 - N[1]) / N[2])),
    "isnet": ("mean = [0.5, 0.5, 0.5]", "stretch = true", lambda v: stretched(v / 255 - 0.5)),
    "imgly": (
        "range = 255\nmean = [128, 128, 128]\nstd = [256, 256, 256]",
        "",
        lambda v: np.clip((v - 128) / 256, 0, 1),
    ),
    "modnet": (
        "mean = [0.5, 0.5, 0.5]\nstd = [0.5, 0.5, 0.5]",
        "",
        lambda v: np.clip((v / 255 - 0.5) / 0.5, 0, 1),
    ),
    "birefnet": (N[0], "sigmoid = true", lambda v: 1 / (1 + np.exp(-(v / 255 - N[1]) / N[2]))),
    "rmbg": ("mean = [0.5, 0.5, 0.5]", "stretch = true", lambda v: stretched(v / 255 - 0.5)),
}


def stretched(values):
    return (values - values.min()) / (values.max() - values.min())


def write_model(folder, image="", output="", inputs=("image",), size=(HEIGHT, WIDTH)):
    """Write a model of a fixed size that returns the red it is given, and its card."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    from onnx import TensorProto, helper

    channels = {"image": 3, "trimap": 1}
    ins = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, channels[n], *size]) for n in inputs]
    out = helper.make_tensor_value_info("alpha", TensorProto.FLOAT, [1, 3, *size])
    graph = helper.make_graph([helper.make_node("Identity", ["image"], ["alpha"])], "g", ins, [out])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, folder / "model.onnx")
    named = "".join(f'{name} = ["{name}"]\n' for name in inputs)
    card = folder / "tiny.toml"
    card.write_text(
        f'model = "model.onnx"\n[inputs]\n{named}[size]\nfit = "resize"\n'
        f"[image]\n{image}\n[output]\n{output}\n"
    )
    return card


@pytest.mark.parametrize("name", WIRINGS)
def test_a_card_without_a_trimap_is_wired_as_it_says(tmp_path, name):
    image, output, expected = WIRINGS[name]
    model = predictor(write_model(tmp_path, image, output))
    red = photograph()[..., 0]
    assert model.name == "tiny"
    assert np.abs(model.matte(photograph()) - 255 * expected(red.astype(float))).max() <= 0.51


def test_a_model_of_another_size_is_resized_to(tmp_path):
    model = predictor(write_model(tmp_path, size=(32, 32)))
    matte = model.matte(photograph())
    assert matte.shape == (HEIGHT, WIDTH)
    assert sad(matte, photograph()[..., 0], np.ones((HEIGHT, WIDTH), bool)) < 0.04 * HEIGHT * WIDTH / 1000


def test_with_a_model_nothing_has_to_be_drawn(tmp_path, run_cli):
    card = write_model(tmp_path, "mean = [0.25, 0.25, 0.25]\nstd = [0.5, 0.5, 0.5]")
    photos = write_photographs(tmp_path / "photos", 1)
    with serving(tmp_path / "page", photos, predictor=predictor(card)) as (_, client, _):
        assert client.row()["first"] == "tiny"
        assert overlap(client.plane("alpha") / 255, subject()) > 0.9
    done = run_cli("cutout", "--auto", *photos, "--out", tmp_path / "out", "--model", card, "--workers", 1)
    assert done.code == 0
    assert overlap(read_alpha(tmp_path / "out" / "alpha" / "photo-0.png") / 255, subject()) > 0.9
    assert read_image(tmp_path / "out" / "fg" / "photo-0.png").shape == (HEIGHT, WIDTH, 3)


def test_a_model_that_takes_a_trimap_is_refused(tmp_path):
    card = write_model(tmp_path, inputs=("image", "trimap"))
    with pytest.raises(DataError, match="takes a trimap, and the first answer has to do without"):
        predictor(card)
    with pytest.raises(DataError, match="a model needs no boxes"):
        cut_out_all(tmp_path / "out", write_photographs(tmp_path / "p"), model=card, boxes=card)
    assert not (tmp_path / "out").exists()


def test_with_weights_of_ours_nothing_has_to_be_drawn(tmp_path, run_cli):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from simd.methods.networks import build_network
    from simd.methods.weights.folder import save_weights

    torch.manual_seed(0)
    weights, out = tmp_path / "shm", tmp_path / "out"
    about = {"network": "shm", "preset": "small", "source": "made up", "licence": "CC0"}
    save_weights(build_network("shm", "small").state_dict(), weights, **about)
    photos = write_photographs(tmp_path / "photos", 1)
    done = run_cli("cutout", "--auto", *photos, "--out", out, "--model", weights, "--workers", 1)
    assert done.code == 0, done.err
    predicted = to_uint8(simd.matte(photograph(0), method="shm", weights=str(weights)))
    assert np.array_equal(read_trimap(out / "trimap" / "photo-0.png"), trimap_of_matte(predicted))
    with serving(tmp_path / "page", photos, predictor=predictor(weights)) as (_, client, _):
        assert client.row()["first"] == "shm"
