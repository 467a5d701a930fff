"""`simd doctor` says what the installation can do, and what to install where it cannot."""

import json

from simd import doctor


def test_a_missing_extra_comes_with_its_command(monkeypatch):
    find = doctor.importlib.util.find_spec
    monkeypatch.setattr(
        doctor.importlib.util, "find_spec", lambda name: None if name in ("torch", "uvicorn") else find(name)
    )
    diagnosis = doctor.diagnose()
    extras = {extra.name: extra for extra in diagnosis.extras}
    assert extras["studio"].missing == ("uvicorn",)
    assert extras["studio"].install == 'pip install -e ".[studio]"'
    assert "lacks uvicorn: pip install" in str(diagnosis)
    assert "torch is not installed" in diagnosis.gpu_note


def test_a_password_is_not_shown(monkeypatch):
    monkeypatch.setenv("FIFTYONE_DATABASE_URI", "mongodb://me:secret@host:27017")
    assert doctor.diagnose().database == "mongodb://host:27017, from FIFTYONE_DATABASE_URI"


def test_the_json_has_protocols_and_versions(run_cli):
    done = run_cli("doctor", "--json")
    assert (done.code, done.err) == (0, "")
    facts = json.loads(done.out)
    assert {check["protocol"] for check in facts["protocols"]} == {"exact", "simd-2021", "adobe-2017"}
    assert all(check["wrong"] == [] for check in facts["protocols"])
    assert facts["libraries"]["numpy"]
