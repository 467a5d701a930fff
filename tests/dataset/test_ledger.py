"""The ledger of licences: written whole, compared, refused where it cannot be used, carried along."""

import datetime
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import msgspec.structs
import pytest
from conftest import write_backgrounds, write_foregrounds

import simd
from simd.composition.build import build
from simd.composition.export import export
from simd.composition.import_finished import import_set
from simd.dataset.ledger import LEDGER_NAME, read_ledger, same_licence
from simd.dataset.verify import verify
from simd.errors import BusyError, DataError
from simd.locks import locked_folder

HEAD = "id,licence,url,checked,by\n"
PAGE = "https://example.org/page"


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    root = tmp_path_factory.mktemp("ledger")
    fgs, bgs = write_foregrounds(root / "fgs"), write_backgrounds(root / "bgs")
    return build(
        root / "set", foregrounds=fgs, backgrounds=bgs, licence="CC-BY-4.0", any_licence=True, name="mine"
    ).path


@pytest.fixture
def own(once, tmp_path):
    return shutil.copytree(once, tmp_path / "set")


@pytest.fixture
def answers(tmp_path):
    def write(text, name="answers.csv", *, head=HEAD, encoding="utf-8"):
        (tmp_path / name).write_bytes((head + text).encode(encoding))
        return tmp_path / name

    return write


def originals(path):
    return {each.id: each for each in simd.licences(path).originals}


def test_a_set_without_a_ledger_states_licences_that_nobody_checked(own):
    known = simd.licences(own)
    assert [each.role for each in known.originals].count("foreground") == 6
    assert {each.licence for each in known.originals} == {"CC-BY-4.0", "unknown"}
    assert not any(each.checks or each.url for each in known.originals)
    assert known.problems == {}
    assert repr(known).startswith("<Licences of 9 images of")


def test_checks_are_recorded_and_the_set_stays_as_it_was_built(own, answers):
    before = {p: p.read_bytes() for p in own.rglob("*") if p.is_file()}
    fg, other, *_ = originals(own)
    file = answers(f"{fg},cc by 4.0,{PAGE},2026-03-31,Ada\n{other},CC-BY-4.0,,2025-01-02,LICENSE.txt\n")
    known = simd.licences(own, record=file)
    assert (known.recorded, known.problems) == (2, {})
    assert (own / LEDGER_NAME).read_text() == (
        "role,id,licence,url,checked,by\n"
        f"foreground,{fg},cc by 4.0,{PAGE},2026-03-31,Ada\n"
        f"foreground,{other},CC-BY-4.0,,2025-01-02,LICENSE.txt\n"
    )
    assert {p: p.read_bytes() for p in own.rglob("*") if p.is_file() and p.name != LEDGER_NAME} == before
    verify(own)
    assert (originals(own)[fg].url, originals(own)[fg].last.by) == (PAGE, "Ada")
    stat = (own / LEDGER_NAME).stat()
    assert simd.licences(own, record=file).recorded == 0
    assert (own / LEDGER_NAME).stat().st_mtime_ns == stat.st_mtime_ns  # nothing is written
    assert simd.licences(own, record=own / LEDGER_NAME).recorded == 0  # a ledger is a file of answers


def test_the_latest_check_counts_and_the_earlier_stay(own, answers):
    fg = next(iter(originals(own)))
    simd.licences(own, record=answers(f"{fg},CC-BY-4.0,{PAGE},2025-01-02,Ada\n"))
    known = simd.licences(own, record=answers(f"{fg},All rights reserved,,2026-01-02,Bob\n"))
    assert known.drifted == {
        f"foreground {fg}": "'CC-BY-4.0' in the set, 'All rights reserved' on 2026-01-02, by Bob"
    }
    assert [check.by for check in read_ledger(own)] == ["Ada", "Bob"]
    assert originals(own)[fg].url == PAGE  # the last that is known
    assert simd.licences(own).drifted == known.drifted
    corrected = simd.licences(own, record=answers(f"{fg},CC-BY-4.0,,2026-01-02,Bob\n"))
    assert (corrected.recorded, corrected.drifted) == (1, {})
    assert len(read_ledger(own)) == 2


def test_a_second_check_names_drift_what_is_missing_and_what_is_foreign(own, answers):
    names = list(originals(own))
    lines = [
        json.dumps({"id": name, "licence": "CC-BY-4.0", "checked": "2026-01-02", "by": "x"}) for name in names
    ]
    lines[1] = lines[1].replace("CC-BY-4.0", "CC0-1.0")
    lines[2] = lines[2].replace(names[2], "stranger")
    known = simd.licences(own, against=answers("\n".join(lines), "second.JSONL", head=""))
    assert list(known.drifted) == [f"foreground {names[1]}"]
    assert known.missing == (f"foreground {names[2]}",)
    assert list(known.foreign) == ["stranger"]
    assert "second.JSONL:3: no image of the set is called so; an id here is" in known.foreign["stranger"]
    assert len(known.stated) == 3  # the backgrounds, whose licence the set does not know
    assert len(known.problems) == 3
    assert not (own / LEDGER_NAME).exists()


def test_answers_by_address_are_for_all_images_with_it(own, answers):
    one, two, three, *_ = originals(own)
    simd.licences(
        own, record=answers("".join(f"{name},CC-BY-4.0,{PAGE},2025-01-02,Ada\n" for name in (one, two)))
    )
    known = simd.licences(
        own, against=answers(f",CC0,{PAGE},2026-01-02,crawler\n,CC0,{PAGE}/2,2026-01-02,x\n")
    )
    assert list(known.drifted) == [f"foreground {one}", f"foreground {two}"]
    assert f"foreground {three}" in known.missing
    assert list(known.foreign) == [f"{PAGE}/2"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "{fg},CC0,,31.03.2026,Ada",
            r"answers.csv:2: checked must be a day such as 2026-03-31, not '31.03.2026'",
        ),
        ("{fg},CC0,,2026-02-30,Ada", r"checked must be a day such as"),
        ("{fg},CC0,,20260203,Ada", r"checked must be a day such as"),
        ("{fg},CC0,,9999-01-01,Ada", r"checked is 9999-01-01, which is still to come"),
        ("{fg},CC0,,2026", r"answers.csv:2: does not say by; was the line cut\?"),
        ("{fg}", r"does not say licence, checked, by; was the line cut\?"),
        (",CC0,,2026-01-02,Ada", r"names no image: its id and its url are empty"),
        ("{fg},CC0,javascript:alert(1),2026-01-02,Ada", r"the url must begin with https:// or http://"),
        ("{fg},CC0,https://[x,2026-01-02,Ada", r"the url must begin with"),
        ("{fg},CC0,https://a b,2026-01-02,Ada", r"hold no space"),
        ("{fg},CC\x1b[31m0,,2026-01-02,Ada", r"licence holds a character that cannot be printed"),
        ("{fg}," + 501 * "x" + ",,2026-01-02,Ada", r"licence has 501 characters, and 500 at most are taken"),
        (
            "{fg}," + 200_000 * "x" + ",,2026-01-02,Ada",
            r"answers.csv:2: is not CSV \(field larger than field limit",
        ),
        (
            '{fg},"CC0,,2026-01-02,Ada',
            r"answers.csv:2: is not CSV \(a double quote that opens there is not closed",
        ),
        ("{fg},CC0,,2026-01-02,Ada,more", r"answers.csv:2: has 6 cells, and there are 5 columns"),
        (
            "{fg},CC0,,2026-01-02,Ada\n{fg},MIT,,2026-01-02,Ada",
            r"answers.csv:3: says something else of foreground .* than line 2; keep one of them",
        ),
    ],
)
@pytest.mark.parametrize("way", ["against", "record"])
def test_lines_that_cannot_be_used_are_named_and_nothing_is_written(own, answers, line, message, way):
    fg = next(iter(originals(own)))
    with pytest.raises(DataError, match=message):
        simd.licences(own, **{way: answers(line.replace("{fg}", fg) + "\n")})
    assert not (own / LEDGER_NAME).exists()


def test_all_bad_lines_are_named_at_once_up_to_twenty(own, answers):
    with pytest.raises(DataError) as error:
        simd.licences(own, record=answers("x,CC0,,never,Ada\n" * 30))
    lines = str(error.value).splitlines()
    assert len(lines) == 22
    assert lines[20] == "... and 10 more such lines"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", r"lacks a column licence, checked, by, id or url"),
        ("a.csv", b"id,licence,by\n", r"a.csv: lacks a column checked; its first line names the columns"),
        ("a.csv", HEAD.encode() + "x,Café,,2026-01-02,Ada\n".encode("latin-1"), r"is not UTF-8 text"),
        ("a.csv", HEAD.encode("utf-16"), r"is not UTF-8 text"),
        ("a.jsonl", b'{"id": "x", "lic', r"a.jsonl:1: is not JSON"),
        ("a.jsonl", b"[1]\n", r"a.jsonl:1: a JSON object is expected, this is a list"),
        (
            "a.jsonl",
            b'{"id": "x", "licence": 7, "checked": "2026-01-02", "by": "y"}',
            r"licence must be a text, not 7",
        ),
        (
            "a.jsonl",
            b'{"id": "\\ud800", "licence": "x", "checked": "2026-01-02", "by": "y"}',
            r"cannot be printed",
        ),
    ],
)
def test_files_that_cannot_be_used_are_refused(own, tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        simd.licences(own, record=tmp_path / name)
    assert not (own / LEDGER_NAME).exists()


def test_spreadsheets_and_other_spellings_are_read(own, answers):
    fg = next(iter(originals(own)))
    file = answers(f"{fg};CC0;2026-01-02;Ada\n", head="\ufeffID;License;Date;By\r\n")
    assert list(simd.licences(own, against=file).drifted) == [f"foreground {fg}"]


def test_an_id_of_two_images_needs_a_role(own, answers):
    rows = [json.loads(line) for line in (own / "metadata.jsonl").read_text().splitlines()]
    twin = rows[0]["fg_id"]
    background = rows[0]["bg_id"]
    known = simd.load_set(own)
    renamed = tuple(
        msgspec.structs.replace(row, bg_id=twin if row.bg_id == background else row.bg_id)
        for row in known.rows
    )
    known = replace(known, rows=renamed)
    with pytest.raises(DataError, match="is a foreground and a background; say which in a column role"):
        simd.licences(known, against=answers(f"{twin},CC0,,2026-01-02,Ada\n"))
    file = answers(f"background,{twin},CC0,,2026-01-02,Ada\n", head="role," + HEAD)
    assert list(simd.licences(known, against=file).stated) == [f"background {twin}"]
    with pytest.raises(DataError, match="the role must be foreground or background, or empty, not 'sky'"):
        simd.licences(known, against=answers(f"sky,{twin},CC0,,2026-01-02,Ada\n", head="role," + HEAD))


def test_a_broken_ledger_is_named_and_left_as_it_is(own, answers, tmp_path):
    (own / LEDGER_NAME).write_text(HEAD + "x,CC0,,2026-01-02,Ada\n")
    fg = simd.load_set(own).rows[0].fg_id
    for call in (
        lambda: simd.licences(own),
        lambda: simd.licences(own, record=answers(f"{fg},CC0,,2026-01-02,Ada\n")),
        lambda: export(own, tmp_path / "out", to="webdataset", any_licence=True),
    ):
        with pytest.raises(DataError, match=r"licences.csv:2: lacks the role of the image"):
            call()
    assert (own / LEDGER_NAME).read_text() == HEAD + "x,CC0,,2026-01-02,Ada\n"
    assert not (tmp_path / "out").exists()


def test_one_writes_at_a_time_and_two_files_are_one_too_many(own, answers):
    file = answers("")
    with locked_folder(own), pytest.raises(BusyError, match="is writing there"):
        simd.licences(own, record=file)
    with pytest.raises(DataError, match="give against or record"):
        simd.licences(own, record=file, against=file)


@pytest.mark.parametrize("to", ["webdataset", "croissant"])
def test_the_ledger_travels_and_the_card_tells_the_days(own, answers, tmp_path, to):
    export(own, tmp_path / "bare", to=to, any_licence=True)
    text = (tmp_path / "bare" / "README.md").read_text()
    assert "Nobody has recorded a check of these licences" in text
    assert "**Nobody has stated the licence of a part of 6 images.**" in text
    fg, other, *_ = originals(own)
    simd.licences(
        own, record=answers(f"{fg},CC-BY-4.0,{PAGE},2025-01-02,A|da\n{other},MIT,,2026-01-02,Bob\n")
    )
    out = export(own, tmp_path / "out", to=to, any_licence=True).folder
    text = (out / "README.md").read_text()
    assert (
        "Checked: 2 of the 9 foregrounds and backgrounds, from 2025-01-02 to 2026-01-02, by A\\|da, Bob."
        in text
    )
    assert "**The licence of 1 of them was another one when it was last checked** than" in text
    assert f"foreground {other}." in text
    back = import_set(out, tmp_path / "back", kind=to)
    for folder in (out, back.path):
        assert (folder / LEDGER_NAME).read_bytes() == (own / LEDGER_NAME).read_bytes()
    assert simd.licences(back).drifted == simd.licences(own).drifted


def test_the_command_prints_a_table_and_exits_with_1_where_a_licence_has_drifted(own, answers, run_cli):
    done = run_cli("licences", own)
    assert (done.code, done.err) == (0, "")
    assert "set: 6 foregrounds, 3 backgrounds, under 2 licences" in done.out
    assert "never checked        9  such as foreground " in done.out
    fg, *_ = originals(own)
    file = answers(
        f"{fg},MIT,{PAGE},2026-01-02,Ada\nhill.jpg,CC0,,2026-01-03,Ada\nnobody,CC0,,2026-01-03,Ada\n"
    )
    done = run_cli("licences", own, "--record", file)
    assert done.code == 1
    assert "2026-01-02 to 2026-01-03, by Ada (2)" in done.out
    assert (
        "not known to the set, and stated since:\n  background hill.jpg: 'CC0' on 2026-01-03, by Ada"
        in done.out
    )
    assert "1 licence unlike the one in the set, 1 answer for no image of the set:" in done.err
    assert f"foreground {fg}: 'CC-BY-4.0' in the set, 'MIT' on 2026-01-02, by Ada" in done.err
    done = run_cli("licences", own, "--json")
    facts = json.loads(done.out)
    assert (done.code, facts["licences"]) == (1, {"CC-BY-4.0": 6, "unknown": 3})
    by_id = {image["id"]: image for image in facts["images"]}
    assert by_id[fg]["url"] == PAGE
    assert (by_id["hill.jpg"]["checked"], by_id["hill.jpg"]["by"], by_id["hill.jpg"]["url"]) == (
        "2026-01-03",
        "Ada",
        None,
    )


def test_a_kill_while_recording_leaves_the_old_ledger(own, answers):
    fg = next(iter(originals(own)))
    simd.licences(own, record=answers(f"{fg},CC-BY-4.0,,2025-01-02,Ada\n"))
    before = (own / LEDGER_NAME).read_bytes()
    file = answers(f"{fg},CC-BY-4.0,,2026-01-02,Ada\n")
    code = (
        "import os, pathlib, simd\n"
        "pathlib.Path.replace = lambda *_: os._exit(9)\n"
        f"simd.licences({str(own)!r}, record={str(file)!r})\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert (own / LEDGER_NAME).read_bytes() == before
    assert simd.licences(own, record=file).recorded == 1


def test_today_and_tomorrow_elsewhere_are_days(own, answers):
    fg = next(iter(originals(own)))
    today = datetime.date.today().isoformat()
    assert simd.licences(own, record=answers(f"{fg},CC-BY-4.0,,{today},Ada\n")).recorded == 1


def test_spellings_of_one_licence_are_the_same():
    assert same_licence("CC BY-SA 4.0", "cc_by_sa_4.0")
    assert not same_licence("CC BY 4.0", "CC BY 3.0")
