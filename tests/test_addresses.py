"""Addresses of other tools lead to the thing they mean, to nothing or to a refusal: never to another."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd.addresses import AddressBook, Known, LooseNames, is_sidecar
from simd.errors import DataError


def book(*names):
    return AddressBook(Known(name, name, f"{name}.png") for name in names)


UUID = "550e8400-e29b-41d4-a716-446655440000"


@pytest.mark.parametrize(
    "address",
    [
        "fur_my cat.png",
        "fur_my cat",
        "images/fur_my cat.png",
        r"images\fur_my cat.png",
        r"..\..\media\upload\4\fur_my cat.png",
        r"C:\data\fur_my cat.png",
        "C:fur_my cat.png",
        "fur_my%20cat.png",
        "/data/upload/1/0a1b2c3d-fur_my%20cat.png",
        "/data/upload/1/20231105-fur_my%20cat.png",  # of the server, whatever it looks like
        "/data/upload/f78f75-fur_my_cat.png",
        f"/data/upload/1/{UUID}-fur_my%20cat.png",
        f"{UUID}__fur_my cat.png",
        "images/1/90fbb0c7-fur_my cat.png",
        "/data/local-files/?d=fur_my%20cat.png",
        "http://127.0.0.1:8080/data/local-files/?d=set/fur_my%20cat.png",
        "/data/local-files/?d=set%5Cfur_my cat.png",
        "https://bucket.example/a/fur_my%20cat.png?X-Amz-Signature=0f%2Fa.png&X-Amz-Date=20231105#top",
        "s3://bucket/a/fur_my cat.png",
        "Fur_My Cat.PNG",
        "fur_my cat.jpeg",
    ],
)
def test_every_form_of_an_address_is_found(address):
    assert book("fur_my cat", "net").find(address) == "fur_my cat"


@pytest.mark.parametrize(
    "address",
    [
        "20231105-cat.png",  # a date, and no folder of uploads
        "231105-cat.png",
        "facade-cat.png",
        "00000012-cat.png",
        "/data/local-files/?d=set/0a1b2c3d-cat.png",  # its own name: nobody uploaded it
        "https://host/set/0a1b2c3d-cat.png",
        "fur-0a1b2c3d-cat.png",  # not at the start
        f"{UUID}.png",
        "cat.2",
        "cat.v1.png",
        "?d=",
        "",
        "/",
        "https://[",
    ],
)
def test_what_is_another_name_is_not_found(address):
    assert book("cat", "e29b-41d4-a716-446655440000", "2").find(address) is None


def test_a_name_is_first_looked_up_as_it_is():
    known = book("0a1b2c3d-cat", "cat", "a%20b", "Cat", "caf\u00e9", "cafe\u0301", "v1", "v1.2", "C:x", "x")
    for name in ("0a1b2c3d-cat", "cat", "a%20b", "Cat", "caf\u00e9", "cafe\u0301", "v1", "v1.2", "C:x", "x"):
        assert known.find(f"{name}.png") == name
        assert known.find(name) == name
    assert known.find("/data/upload/1/0a1b2c3d-cat.png") == "0a1b2c3d-cat"


@pytest.mark.parametrize(
    ("names", "address"),
    [
        (("a/cat", "b/cat"), "cat.png"),
        (("Cat", "CAT"), "cat.png"),
        (("a b", "a_b"), "/data/upload/1/0a1b2c3d-a_b.png"),  # the server writes both alike
        (("a b", "a%20b"), "/data/local-files/?d=a%20b.png"),
    ],
)
def test_an_address_of_two_things_is_refused_with_their_names(names, address):
    with pytest.raises(DataError, match=r"may be any of the foregrounds .*; rename it") as caught:
        book(*names).find(address)
    assert all(repr(name) in str(caught.value) for name in names)


def test_folders_tell_equal_names_apart():
    known = book("fur/cat", "net/cat", "cat")
    assert known.find("images/fur/cat.png") == "fur/cat"
    assert known.find("net/cat.png") == "net/cat"
    assert known.find("cat.png") == "cat"


def test_a_real_file_name_goes_before_what_ids_suggest():
    known = AddressBook(
        [Known("photo.png", "photo.png", "photo.png.png"), Known("photo", "photo", "photo.png")]
    )
    assert known.find("photo.png") == "photo"
    assert known.find("photo.png.png") == "photo.png"


letters = st.text(
    st.sampled_from(string.ascii_letters + string.digits + " ._-%+#?&()\u00e9\u0301\u00df"), min_size=1
)
pieces = st.one_of(
    letters, st.sampled_from(["0a1b2c3d-a", "a", "A", "20231105-a", "a.png", "a%20b", "a b", "a.2"])
)


@given(st.lists(pieces, min_size=1, max_size=6, unique=True), st.data())
def test_what_goes_out_is_found_again_and_never_taken_for_another(names, data):
    known = book(*names)
    name = data.draw(st.sampled_from(names))
    assert known.find(name, is_stem=True) == name
    assert known.find(f"{name}.png") == name


def test_sidecars_of_macos_are_told_from_files():
    assert is_sidecar("SegmentationClass/._cat.png")
    assert is_sidecar("__MACOSX/a/cat.png")
    assert not is_sidecar("a/cat._.png")


def test_a_name_in_a_list_may_differ_in_letter_case_and_unicode_form():
    names = LooseNames(["Caf\u00e9", "net", "NET"])
    assert names.find(" cafe\u0301") == "Caf\u00e9"
    assert names.find("net") == "net"
    assert names.find("dog") is None
    with pytest.raises(DataError, match="'Net' may be any of 'NET', 'net'; rename it"):
        names.find("Net")
