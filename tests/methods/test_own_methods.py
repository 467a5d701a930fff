"""A method is what CONTRIBUTING says: anything with ``predict``; each way to name one is tried as written."""

import json
import sys
import textwrap

import numpy as np
import pytest

import simd
from simd.errors import BatchError, DataError
from simd.image import read_alpha
from simd.methods import METHODS, clear_loaded, load_method
from simd.methods.predict import predict


class Mine:
    """Nothing but predict."""

    def predict(self, image, trimap):
        return np.where(trimap == 128, image[..., 1], trimap)


class Bright:
    """A method that takes no trimap."""

    name = "bright"
    version = "2"
    takes_trimap = False

    def predict(self, image):
        return image.mean(axis=2) / 255


MINE = Mine()


def make_mine(*, level: int = 7, soft: bool = False):
    mine = Mine()
    mine.predict = lambda image, trimap: np.full(trimap.shape, level / 255 * (0.5 if soft else 1))
    mine.name = f"level-{level}"
    return mine


def green_of(sample):
    return np.where(sample.trimap == 128, sample.image[..., 1], sample.trimap)


@pytest.fixture(autouse=True)
def _loaded_anew():
    clear_loaded()


@pytest.mark.parametrize("workers", [1, 2])
def test_an_object_with_predict_alone_is_a_method(tiny_set, tmp_path, workers):
    run = simd.predict(Mine(), tiny_set.path, tmp_path / "mattes", workers=workers)
    assert (run.record.method, run.record.version, run.record.checkpoint_digest) == ("Mine", "", None)
    for sample in tiny_set:
        np.testing.assert_array_equal(
            read_alpha(tmp_path / "mattes" / f"{sample.row.id}.png"), green_of(sample)
        )


@pytest.mark.parametrize("name", [f"{__name__}:MINE", f"{__name__}:Mine"])
def test_a_dotted_name_is_a_method(tiny_set, tmp_path, name):
    predict(name, tiny_set.path, tmp_path / "mattes")
    sample = tiny_set[0]
    np.testing.assert_array_equal(read_alpha(tmp_path / "mattes" / f"{sample.row.id}.png"), green_of(sample))


def test_such_an_object_in_METHODS_is_a_method(tiny_set, tmp_path, monkeypatch):
    monkeypatch.setitem(METHODS, "mine", f"{__name__}:MINE")
    assert predict("mine", tiny_set.path, tmp_path / "mattes").record.method == "Mine"


def test_a_function_makes_a_method_of_its_options(tiny_set, tmp_path, run_cli):
    flags = ("--option", "level=100", "--option", "soft=yes", "--out", tmp_path / "mattes")
    done = run_cli("predict", f"{__name__}:make_mine", tiny_set.path, *flags)
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "mattes" / "run.json").read_text())["method"] == "level-100"
    matte = read_alpha(tmp_path / "mattes" / f"{tiny_set[0].row.id}.png")
    assert set(np.unique(matte)) == {50}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("level", "the option 'level' must be key=value, as in --option tile=1024"),
        ("levels=3", "has no option 'levels'; did you mean 'level'?"),
        ("level=high", "the option level must be a whole number, not 'high'"),
        ("soft=maybe", "the option soft must be true or false, not 'maybe'"),
    ],
)
def test_a_wrong_option_is_named(tiny_set, tmp_path, run_cli, option, message):
    flags = ("--option", option, "--out", tmp_path / "mattes")
    done = run_cli("predict", f"{__name__}:make_mine", tiny_set.path, *flags)
    assert done.code == 1
    assert message in done.err
    assert not (tmp_path / "mattes").exists()


@pytest.mark.parametrize(
    ("flag", "value", "form"),
    [("--tile", "1024", "--option tile=1024"), ("--timeout", "3", "--option timeout=60")],
)
def test_a_former_flag_is_refused_with_its_new_form(tiny_set, tmp_path, run_cli, flag, value, form):
    done = run_cli("predict", "trimap", tiny_set.path, flag, value, "--out", tmp_path / "mattes")
    assert done.code == 2
    assert f"{flag} is now {form}" in " ".join(done.err.split())


def test_an_object_that_cannot_be_pickled_runs_in_one_process_and_says_so(tiny_set, tmp_path, caplog):
    record = predict(make_mine(), tiny_set.path, tmp_path / "mattes", workers=2).record
    assert record.images == 6
    assert "level-7 runs in one process, since it cannot be handed to others" in caplog.text


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda t: None, "returned NoneType; a matte is a NumPy array"),
        (lambda t: np.full(t.shape, np.nan), "5,120 pixels that are not finite"),
        (lambda t: np.full(t.shape, 200.0), "a float matte from 200 to 200; divide by 255 first"),
        (lambda t: np.full(t.shape, 1.5), r"from 1.5 to 1.5; clip it to \[0, 1\]"),
        (lambda t: np.ma.masked_array(t, t > 9), "returned a masked array, whose mask would be passed over"),
        (lambda t: np.full(t.shape, 3, np.int64), r"returned int64; a matte is uint8 in 0..255 or float"),
        (lambda t: np.zeros((*t.shape, 1)), r"returned \(64, 80, 1\) for an image of \(64, 80\)"),
    ],
)
def test_a_wrong_answer_gets_a_sentence(tiny_set, tmp_path, answer, message):
    wrong = Mine()
    wrong.predict = lambda image, trimap: answer(trimap)
    with pytest.raises(BatchError, match=message):
        predict(wrong, tiny_set.path, tmp_path / "mattes")


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (object(), r"has no predict\(image, trimap\); a method is a name,"),
        (f"{__name__}:textwrap", r"has no predict\(image, trimap\)"),
        (f"{__name__}:NONE", "is not there .*; give package.module:attribute"),
        ("no_such_module:MINE", "there is no module 'no_such_module', neither installed nor in "),
        ("no such", "unknown method 'no such'.*; one of your own is package.module:attribute"),
    ],
)
def test_what_is_not_a_method_gets_a_sentence(method, message):
    with pytest.raises(DataError, match=message):
        load_method(method)


@pytest.mark.parametrize(("attribute", "value"), [("name", 3), ("version", None), ("takes_trimap", "no")])
def test_a_wrong_attribute_is_named(attribute, value):
    mine = Mine()
    setattr(mine, attribute, value)
    with pytest.raises(DataError, match=f"the {attribute} of the method Mine must be "):
        load_method(mine)


def test_options_of_a_finished_object_are_refused():
    with pytest.raises(DataError, match="the method Mine has no option 'level'; it has none"):
        load_method(Mine(), {"level": 3})


def test_a_method_of_a_new_file_beside_the_user_is_found(tiny_set, tmp_path, monkeypatch, run_cli):
    """CONTRIBUTING, "a method": one file, and the one line that names it."""
    (tmp_path / "half_matting.py").write_text(
        textwrap.dedent(
            """
            import numpy as np

            class Half:
                def predict(self, image, trimap):
                    return np.where(trimap == 128, 0.5, trimap / 255)
            """
        )
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(METHODS, "half", "half_matting:Half")
    for name in ("half_matting:Half", "half"):
        out = tmp_path / f"mattes-{name[-4:]}-{len(name)}"
        done = run_cli("predict", name, tiny_set.path, "--out", out)
        assert done.code == 0, done.err
        assert json.loads((out / "run.json").read_text())["method"] == "Half"


NETWORK = """
import numpy as np
import torch

from simd.methods.runtime.check_inputs import overwrite_known
from simd.methods.runtime.preprocess import Preprocessing

INPUTS = Preprocessing(mean=(0.5, 0.5, 0.5), trimap="one-hot", multiple=32, fit="reflect")


class Tiny:
    def __init__(self, bias):
        self.network = torch.nn.Conv2d(6, 1, 1)
        torch.nn.init.zeros_(self.network.weight)
        torch.nn.init.constant_(self.network.bias, bias)

    @torch.inference_mode()
    def predict(self, image, trimap):
        parts = INPUTS.parts(image, trimap)
        x = torch.from_numpy(np.concatenate([parts["image"], parts["trimap"]]))[None]
        alpha = INPUTS.restored(self.network(x)[0, 0].numpy(), trimap.shape)
        return overwrite_known(alpha, trimap)


def load_tiny(*, bias: float = 0.25):
    return Tiny(bias)
"""


def test_a_network_of_one_new_file_is_a_method(tiny_set, tmp_path, monkeypatch, run_cli):
    """CONTRIBUTING, "a network": one file that declares its preprocessing, and the line that names it."""
    pytest.importorskip("torch")
    (tmp_path / "tiny_network.py").write_text(NETWORK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    flags = ("--option", "bias=0.2", "--workers", 1, "--out", tmp_path / "mattes")
    done = run_cli("predict", "tiny_network:load_tiny", tiny_set.path, *flags)
    assert done.code == 0, done.err
    trimap = tiny_set[0].trimap
    expected = np.select([trimap == 255, trimap == 128], [255, 51], 0)  # 0.2 * 255
    np.testing.assert_array_equal(read_alpha(tmp_path / "mattes" / f"{tiny_set[0].row.id}.png"), expected)


# -- a method that takes no trimap, and pictures that are not a set ----------------------------------------


def test_a_method_may_take_no_trimap(tiny_set, tmp_path):
    for sample in tiny_set:
        sample.path("trimap").unlink()  # nothing asks for it
    assert predict(Bright(), tiny_set.path, tmp_path / "mattes").record.images == 6
    sample = tiny_set[1]
    expected = np.rint(sample.image.mean(axis=2))
    np.testing.assert_allclose(read_alpha(tmp_path / "mattes" / f"{sample.row.id}.png"), expected, atol=1)


@pytest.fixture
def photographs(tiny_set, tmp_path):
    """Return a folder of three pictures and one of their trimaps."""
    folders = tmp_path / "photographs", tmp_path / "trimaps"
    for folder, layer in zip(folders, ("image", "trimap"), strict=True):
        folder.mkdir()
        for number in range(3):
            (folder / f"photo {number}.png").write_bytes(tiny_set[number].path(layer).read_bytes())
    return folders


def test_a_folder_of_pictures_is_predicted(photographs, tiny_set, tmp_path, run_cli):
    pictures, trimaps = photographs
    command = ("predict", "trimap", pictures, "--trimap", trimaps, "--out", tmp_path / "mattes")
    done = run_cli(*command)
    assert done.code == 0, done.err
    for number in range(3):
        matte = read_alpha(tmp_path / "mattes" / f"photo {number}.png")
        trimap = tiny_set[number].trimap
        np.testing.assert_array_equal(matte, np.select([trimap == 255, trimap == 128], [255, 128], 0))
    info = json.loads((tmp_path / "mattes" / "run.json").read_text())
    assert (info["method"], info["images"], info["set"], info["set_digest"]) == ("trimap", 3, None, None)
    before = (tmp_path / "mattes" / "photo 1.png").stat().st_mtime_ns
    assert run_cli(*command).code == 0  # finished: nothing is made again
    assert (tmp_path / "mattes" / "photo 1.png").stat().st_mtime_ns == before
    (pictures / "photo 1.png").write_bytes((pictures / "photo 2.png").read_bytes())
    done = run_cli(*command)
    assert (done.code, "holds the mattes of trimap (1), on other pictures" in done.err) == (1, True)


def test_missing_trimaps_are_named_and_the_rest_is_finished(photographs, tmp_path, run_cli):
    pictures, trimaps = photographs
    whole = (trimaps / "photo 1.png").read_bytes()
    (trimaps / "photo 1.png").unlink()
    command = ("predict", "trimap", pictures, "--trimap", trimaps, "--out", tmp_path / "mattes")
    done = run_cli(*command)
    assert done.code == 1
    assert "1 of 3 images failed (2 are done)" in done.err
    assert f"photo 1: {trimaps}: holds no trimap photo 1.png for {pictures / 'photo 1.png'}" in done.err
    first = (tmp_path / "mattes" / "photo 0.png").stat().st_mtime_ns
    (trimaps / "photo 1.png").write_bytes(whole)
    assert run_cli(*command).code == 0
    assert (tmp_path / "mattes" / "photo 0.png").stat().st_mtime_ns == first


def test_what_is_not_predicted_is_named(photographs, tmp_path, run_cli):
    pictures, trimaps = photographs
    (pictures / "photo 1.png").unlink()
    (pictures / "photo 2.png").unlink()
    (pictures / "photo 2.png").mkdir()
    (pictures / "older").mkdir()
    done = run_cli("predict", "trimap", pictures, "--trimap", trimaps, "--out", tmp_path / "mattes")
    assert done.code == 1
    assert f"{trimaps}: 2 trimaps are of no picture: photo 1, photo 2" in done.err
    assert f"{pictures}: 1 folders in it are not looked into: older" in done.err
    assert f"photo 2.png: {pictures / 'photo 2.png'}: is a folder; pictures are files" in done.err
    assert (tmp_path / "mattes" / "photo 0.png").is_file()


def test_one_picture_with_its_trimap(photographs, tmp_path, run_cli):
    pictures, trimaps = photographs
    flags = ("--trimap", trimaps / "photo 2.png", "--out", tmp_path / "mattes")
    assert run_cli("predict", "trimap", pictures / "photo 0.png", *flags).code == 0
    assert sorted(p.name for p in (tmp_path / "mattes").iterdir()) == ["photo 0.png", "run.json"]


def test_pictures_need_no_trimap_where_the_method_takes_none(photographs, tmp_path):
    assert predict(Bright(), photographs[0], tmp_path / "mattes").record.images == 3


def test_two_pictures_of_one_name_are_named(photographs, tmp_path):
    (photographs[0] / "photo 0.jpg").write_bytes((photographs[0] / "photo 0.png").read_bytes())
    with pytest.raises(BatchError, match=r"photo 0\.jpg, photo 0\.png share one name; keep one of them"):
        predict(Bright(), photographs[0], tmp_path / "mattes")


def test_what_does_not_fit_together_is_refused(photographs, tiny_set, tmp_path):
    pictures, trimaps = photographs
    out = tmp_path / "mattes"
    with pytest.raises(DataError, match="the method trimap needs trimaps: give --trimap FOLDER"):
        predict("trimap", pictures, out)
    with pytest.raises(DataError, match="the method takes no trimaps; leave out --trimap"):
        predict(Bright(), pictures, out, trimap=trimaps)
    with pytest.raises(DataError, match="is a set and has trimaps of its own"):
        predict("trimap", tiny_set.path, out, trimap=trimaps)
    with pytest.raises(DataError, match="is one trimap for a folder of pictures"):
        predict("trimap", pictures, out, trimap=trimaps / "photo 0.png")
    with pytest.raises(DataError, match="gone: no such file or folder; trimaps are expected there"):
        predict("trimap", pictures, out, trimap=tmp_path / "gone")
    with pytest.raises(DataError, match="gone: no such file or folder; a set, a picture or a folder"):
        predict("trimap", tmp_path / "gone", out)
    assert not out.exists()


# -- arrays ------------------------------------------------------------------------------------------------


def test_matte_of_arrays(tiny_set):
    sample = tiny_set[0]
    alpha = simd.matte(sample.image, sample.trimap, method="trimap")
    expected = np.select([sample.trimap == 255, sample.trimap == 128], [1, 0.5], 0)
    np.testing.assert_array_equal(alpha, expected.astype(np.float32))
    assert alpha.dtype == np.float32
    levels = simd.matte(sample.image, sample.trimap, method=Mine())  # uint8 levels become fractions
    np.testing.assert_allclose(levels, green_of(sample) / 255, atol=1e-7)
    assert simd.matte(sample.image, method=Bright()).shape == sample.trimap.shape


def test_matte_says_when_it_is_a_fallback(caplog):
    image, trimap = np.zeros((4, 5, 3), np.uint8), np.full((4, 5), 128, np.uint8)
    assert set(np.unique(simd.matte(image, trimap))) == {0.5}
    assert "the matte is not that of closed-form: the trimap has neither known foreground nor" in caplog.text


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (([[0]], None), "image is of type list, but has to be a NumPy array"),
        ((np.zeros((4, 5, 3)), None), r"the image must be uint8 RGB \(H, W, 3\), this is float64"),
        ((np.zeros((4, 5, 3), np.uint8), None), "the method trimap needs a trimap: 0 background, 128"),
        ((np.zeros((4, 5, 3), np.uint8), [[0]]), "trimap is of type list, but has to be a NumPy array"),
        ((np.zeros((4, 5, 3), np.uint8), np.full((4, 5), 7, np.uint8)), r"this one also has 7"),
    ],
)
def test_matte_says_what_is_wrong_with_arrays(arrays, message):
    if arrays[1] is None and isinstance(arrays[0], np.ndarray) and arrays[0].dtype == np.float64:
        arrays = (arrays[0], np.zeros((4, 5), np.uint8))
    elif isinstance(arrays[0], list):
        arrays = (arrays[0], np.zeros((1, 1), np.uint8))
    with pytest.raises(DataError, match=message):
        simd.matte(*arrays, method="trimap")
