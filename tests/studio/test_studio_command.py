import pytest

from simd.studio import serve


@pytest.fixture
def served(monkeypatch):
    """Return what `serve` was called with, in place of a server."""
    pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    calls = []
    monkeypatch.setattr(serve, "serve", lambda tagging, **options: calls.append((tagging, options)))
    return calls


def test_a_folder_in_place_of_a_command_opens_the_page(run_cli, foregrounds, served):
    for words in (
        ["tag", foregrounds],
        ["tag", "open", f"{foregrounds}-annotations", "--foregrounds", foregrounds],
    ):
        done = run_cli(*words)
        assert (done.code, done.err) == (0, "")
        assert done.out == f"6 foregrounds, annotations in {foregrounds}-annotations\n"
    (tagging, options), (_, same) = served
    assert [fg.id for fg in tagging.foregrounds][:2] == ["fire_a", "fur_cat"]
    assert options | {"say": None} == same | {"say": None}
    assert (options["host"], options["port"], options["browser"]) == ("127.0.0.1", None, False)
    assert not tagging.read_only
    assert not tagging.annotations.exists()


def test_options_reach_the_page(run_cli, foregrounds, served, tmp_path):
    folder = tmp_path / "elsewhere"
    options = [
        "--annotations",
        folder,
        "--read-only",
        "--annotator",
        "me",
        "--port",
        "9",
        "--host",
        "0.0.0.0",
    ]
    assert run_cli("tag", foregrounds, *options).code == 0
    ((tagging, given),) = served
    assert (tagging.annotations, tagging.read_only, tagging.annotator) == (folder, True, "me")
    assert (given["host"], given["port"]) == ("0.0.0.0", 9)
    assert tagging.proposal(0) is None  # nothing is proposed where nothing can be accepted


def test_the_shipped_model_proposes_unless_told_otherwise(run_cli, foregrounds, served):
    assert run_cli("tag", foregrounds).code == 0
    assert run_cli("tag", foregrounds, "--no-propose").code == 0
    (proposing, _), (silent, _) = served
    assert proposing.proposal(0).class_mask.shape == (64, 80)
    assert silent.proposal(0) is None


def test_what_is_neither_a_command_nor_a_place_is_refused(run_cli, served, tmp_path):
    done = run_cli("tag", "stauts")
    assert done.code == 2
    assert "No such command 'stauts'" in done.err
    done = run_cli("tag", "open", "--foregrounds", tmp_path / "nothing")
    assert done.code == 1
    assert "no such folder; foregrounds are expected there" in done.err
    assert served == []


def test_a_folder_that_is_not_there_is_not_taken_for_a_command(run_cli, served):
    done = run_cli("tag", "nofolder")
    assert done.code == 2
    assert "no folder of foregrounds of that name" in " ".join(done.err.replace("│", " ").split())


def test_the_former_order_of_arguments_is_refused_with_that_of_today(run_cli, foregrounds, served):
    done = run_cli("tag", "open", foregrounds)
    said = "".join(done.err.replace("│", " ").split())
    assert done.code == 2
    assert f"simdtagopenANNOTATIONS--foregrounds{foregrounds}" in said
    assert served == []


def test_a_built_in_source_opens_too(run_cli, served, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_cli("tag", "synthetic-mixed:1@64").code == 0
    assert str(served[0][0].annotations) == "synthetic-mixed-annotations"


def test_annotations_that_are_no_folder_are_refused(run_cli, foregrounds, served, tmp_path):
    (tmp_path / "file").write_text("x")
    done = run_cli("tag", foregrounds, "--annotations", tmp_path / "file")
    assert done.code == 1
    assert "file: is not a folder; a folder of annotations needs one: name another, or remove it" in done.err
