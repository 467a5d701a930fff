"""Work handed to a real Dask scheduler and its workers: what processes here give, whatever dies meanwhile."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import nullcontext
from functools import cache, partial
from pathlib import Path

import pytest
from conftest import write_backgrounds, write_foregrounds
from test_parallel import MIXED, outcomes, work

import simd
from simd.cluster import Cluster, on_cluster
from simd.errors import ClusterLostError, DataError, DiskFullError
from simd.landmarks import landmarks_of, not_seen, paths_in
from simd.parallel import current_engine, run

distributed = pytest.importorskip("distributed")
ROOT = Path(__file__).parent.parent
SATURATION = "DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION"
FAILURES = "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"


class Processes:
    """A scheduler and workers, processes of their own."""

    def __init__(self, folder, **environment):
        self.folder = folder
        self.environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
            SATURATION: "1.0",
            FAILURES: "2",
            **environment,
        }
        self.processes = []
        self.address = self._scheduler()

    def _start(self, *command, cwd=None):
        log = (self.folder / f"{len(self.processes)}.log").open("w")
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli." + command[0], *map(str, command[1:])],
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=cwd or self.folder,
            start_new_session=True,
        )
        log.close()
        self.processes.append(process)
        return process

    def _scheduler(self):
        self._start("dask_scheduler", "--host", "127.0.0.1", "--port", 0, "--no-dashboard")
        log = self.folder / "0.log"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if match := re.search(r"Scheduler at:\s+(tcp://\S+)", log.read_text()):
                return match[1]
            time.sleep(0.1)
        raise AssertionError(log.read_text())

    def worker(self, *options, nthreads=1, cwd=None):
        names = ("--nthreads", nthreads, "--no-dashboard", "--local-directory", self.folder / "scratch")
        return self._start("dask_worker", self.address, *names, *options, cwd=cwd)

    def wait_for(self, workers):
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=90)

    def pids(self):
        with distributed.Client(self.address, set_as_default=False) as client:
            return list(client.run(os.getpid).values())

    def end(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Start a scheduler and two workers with nannies, which start a new one where it has died."""
    processes = Processes(tmp_path_factory.mktemp("cluster"))
    processes.worker("--nworkers", 2, "--memory-limit", "1500MB")
    processes.wait_for(2)
    yield processes
    processes.end()


@pytest.fixture
def small(tmp_path):
    """Start a cluster for one test, which it may break."""
    started = []

    def start(**environment):
        started.append(Processes(tmp_path, **environment))
        return started[-1]

    yield start
    for processes in started:
        processes.end()


def test_a_cluster_gives_what_processes_here_give(cluster):
    serial = outcomes(MIXED, workers=1)
    with on_cluster(cluster.address):
        assert isinstance(current_engine(), Cluster)
        elsewhere = outcomes(MIXED, workers=1)
    assert current_engine() is None
    bug = ("bug", "hair")
    assert {k: v for k, v in serial.items() if k != bug} == {k: v for k, v in elsewhere.items() if k != bug}
    assert elsewhere[bug][1].startswith("KeyError: 'hair'\nTraceback")
    with on_cluster(cluster.address), pytest.raises(DiskFullError, match=r"a\.png: cannot be written"):
        list(run(work, [("full", "a.png"), *MIXED]))


def test_equal_items_run_as_often_as_they_are_given(cluster):
    items = [("square", 3)] * 20 + [("square", 4)]
    with on_cluster(cluster.address):
        counted = Counter(outcome.value for outcome in run(work, items))
    assert counted == {3: 20, 4: 1}


def test_short_items_share_tasks_and_each_has_its_outcome(cluster, monkeypatch):
    sizes = []
    submit = distributed.Client.submit

    def counting(client, function, items, **options):
        sizes.append(len(items))
        return submit(client, function, items, **options)

    monkeypatch.setattr(distributed.Client, "submit", counting)
    with on_cluster(cluster.address):
        results = outcomes([("square", n) for n in range(2000)] + [("bug", "hair")], workers=1)
        assert sum(sizes) == 2001
        assert sizes[:4] == [1] * 4
        assert len(sizes) < 400
        assert sizes[-1] == 1  # near the end they are short again
        assert results.pop(("bug", "hair"))[1].startswith("KeyError")
        assert results == {("square", n): (n, None) for n in range(2000)}
        sizes.clear()
        list(run(work, [("slow", 0.3 + n / 1e4) for n in range(12)]))
        assert sizes == [1] * 12


def test_a_worker_that_is_killed_costs_no_item(cluster, tmp_path):
    before = cluster.pids()
    items = [("slow", 0.1 + n / 1e4) for n in range(40)]
    values = []
    with on_cluster(cluster.address):
        for outcome in run(work, items):
            values.append((outcome.value, outcome.reason))
            if len(values) == 5:
                os.kill(before[0], signal.SIGKILL)
    assert sorted(values) == sorted((value, None) for _, value in items)
    cluster.wait_for(2)


@pytest.mark.slow
@pytest.mark.parametrize("saturation", ["1.0", "1.1"])
def test_an_item_that_kills_three_workers_is_named_and_the_others_are_done(small, saturation):
    processes = small(**{SATURATION: saturation})
    processes.worker("--nworkers", 2)
    processes.wait_for(2)
    items = [("square", n) for n in range(300)] + [("die", 7)] + [("square", n) for n in range(300, 900)]
    with on_cluster(processes.address):
        results = outcomes(items, workers=1)
    died = results.pop(("die", 7))
    assert died == (None, "its process died on 3 workers (out of memory, or a crash in a library)")
    assert results == {("square", n): (n, None) for n in range(900)}


def hold(megabytes):
    """Fill memory, and keep it for a while."""
    data = bytearray(megabytes * 1_000_000)
    data[::4096] = b"1" * len(data[::4096])
    time.sleep(0.2 if megabytes < 100 else 20)
    return megabytes


@pytest.mark.slow
def test_an_item_over_the_memory_limit_is_named_and_the_others_are_done(cluster):
    with on_cluster(cluster.address):
        assert current_engine().gigabytes == pytest.approx(1.5)
        results = {o.item: (o.value, o.reason) for o in run(hold, [1, 2, 2500, 3, 4, 5])}
    assert results.pop(2500) == (
        None,
        "its process died on 3 workers (out of memory, or a crash in a library)",
    )
    assert results == {n: (n, None) for n in range(1, 6)}
    cluster.wait_for(2)


@pytest.mark.slow
def test_a_scheduler_that_goes_away_ends_the_run_with_what_to_type(small, tmp_path):
    write_foregrounds(tmp_path / "fg_source")
    write_backgrounds(tmp_path / "bg")
    processes = small()
    processes.worker()
    processes.wait_for(1)
    options = ("--foregrounds", tmp_path / "fg_source", "--backgrounds", tmp_path / "bg", "--any-licence")
    command = ("build", tmp_path / "set", *options, "--per-foreground", 200)
    build = subprocess.Popen(
        [sys.executable, "-m", "simd", *map(str, command), "--cluster", processes.address],
        env=processes.environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 90
    while len(list((tmp_path / "set").rglob("image/*.png"))) < 5:
        assert build.poll() is None, build.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(processes.processes[0].pid, signal.SIGKILL)
    _, complaint = build.communicate(timeout=120)
    assert build.returncode == 1
    assert "Traceback" not in complaint
    complaint = " ".join(complaint.split())
    assert re.search(r"after \d+ of \d+ items; what is finished is kept, and the same command", complaint)
    assert complaint.endswith(f"--cluster {processes.address}")
    assert "simd build" in complaint
    again = subprocess.run(
        [sys.executable, "-m", "simd", *map(str, command), "--workers", "1"],
        env=processes.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "1200 composites" in again.stdout


@pytest.mark.slow
def test_every_command_with_a_cluster_writes_the_same_bytes(cluster, tmp_path, monkeypatch):
    from simd.composition.import_finished import import_set

    monkeypatch.chdir(tmp_path)
    write_foregrounds(tmp_path / "fg_source")
    write_backgrounds(tmp_path / "bg")
    for place in ("here", "there"):
        with on_cluster(cluster.address) if place == "there" else nullcontext():
            # relative paths: workers stand in another folder
            Path(place).mkdir()
            simd.select("fg_source", out=f"{place}/kept.jsonl", allow=["quantised"])
            simd.build(f"{place}/set", foregrounds="fg_source", backgrounds="bg", any_licence=True, seed=1)
            simd.verify(f"{place}/set")
            simd.predict("closed-form", f"{place}/set", f"{place}/mattes")
            simd.evaluate(f"{place}/mattes", f"{place}/set", out=f"{place}/scores")
            simd.stats(f"{place}/set", out=f"{place}/statistics")
            simd.embed(f"{place}/set", out=f"{place}/embedding")
            for layer in ("image", "alpha"):
                shutil.copytree(f"here/set/{layer}", f"pairs/{layer}", dirs_exist_ok=True)
            import_set("pairs", f"{place}/imported", unlabelled=True)
    files = [path.relative_to("here") for path in Path("here").rglob("*") if path.is_file()]
    assert len(files) > 60
    for file in files:
        if file.name in ("run.json", "scores.json"):  # seconds and memory; the folder of the mattes
            continue
        assert (Path("there") / file).read_bytes() == (Path("here") / file).read_bytes(), file


def test_workers_that_live_on_do_not_remember_former_files(cluster, tmp_path):
    file = tmp_path / "value.txt"
    values = []
    for text in ("1", "2"):
        file.write_text(text)
        with on_cluster(cluster.address):
            values += [outcome.value for outcome in run(read_remembered, [file])]
    assert values == ["1", "2"]


def read_remembered(path):
    """Read a file through something of simd that remembers what it has read."""

    import simd.files

    if not hasattr(simd.files, "remembered_here"):
        simd.files.remembered_here = cache(lambda p: Path(p).read_text())
    return simd.files.remembered_here(path)


# --- what is found out before the work begins -------------------------------------------------------------


def test_folders_that_a_worker_does_not_see_are_named(tmp_path):
    file, folder, out = tmp_path / "a.png", tmp_path / "fg", tmp_path / "set" / "image" / "b.png"
    file.write_bytes(b"12")
    folder.mkdir()
    (folder / "c.png").touch()
    (tmp_path / "set").mkdir()
    landmarks = landmarks_of([(file, {"x": folder}), out])
    assert not_seen(landmarks) == []
    assert {each.path for each in landmarks} == {file, folder, tmp_path / "set"}
    probe = list((tmp_path / "set").iterdir())
    assert len(probe) == 1
    probe[0].unlink()  # as in another folder of that name
    (folder / "c.png").unlink()
    file.write_bytes(b"123")
    assert set(not_seen(landmarks)) == {file, folder, tmp_path / "set"}
    for landmark in landmarks:
        landmark.remove()


@pytest.mark.skipif(os.geteuid() != 0, reason="hides a folder from a process, which needs root")
@pytest.mark.slow
def test_a_worker_in_another_world_is_refused_before_the_work(small, tmp_path):
    (tmp_path / "fg").mkdir()
    (tmp_path / "fg" / "a.png").write_bytes(b"1")
    processes = small()
    hidden = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode
    if hidden:
        pytest.skip("no mount namespaces here")
    worker = f"{sys.executable} -m distributed.cli.dask_worker {processes.address} --nthreads 1 --no-nanny"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    script = f"mount -t tmpfs none {tmp_path / 'fg'} && cd {elsewhere} && exec {worker} --no-dashboard"
    processes.processes.append(
        subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script],
            env=processes.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    )
    processes.wait_for(1)
    items = [("touch", tmp_path / "fg" / f"{n}.png") for n in range(3)]
    with on_cluster(processes.address), pytest.raises(DataError, match=r"does not see .*/fg as it is here"):
        list(run(work, items))
    assert [path.name for path in (tmp_path / "fg").iterdir()] == ["a.png"]


def test_paths_are_found_in_records_and_collections():
    a, b, c = Path("a"), Path("b"), Path("c")
    assert list(paths_in([1, "x", (a, {"k": b}), partial(print, c, sep="d")])) == [a, b, c]


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("local:0", "after local: stands the number of workers"),
        ("local:many", "after local: stands the number of workers"),
        ("scheduler:8786", r"neither the address of a scheduler \(tcp://HOST:8786\) nor local:N"),
        ("tcp://127.0.0.1:9", "no scheduler answers there .*dask scheduler"),
        ("nonsense://127.0.0.1:9", "no scheduler answers there"),
    ],
)
def test_an_address_that_leads_nowhere_says_what_to_do(address, complaint, monkeypatch):
    monkeypatch.setattr("simd.cluster._CONNECTING_SECONDS", 1)
    with pytest.raises(DataError, match=complaint), on_cluster(address):
        pass


@pytest.mark.slow
def test_workers_that_would_do_other_things_are_refused(small, tmp_path, monkeypatch):
    processes = small()
    monkeypatch.setattr("simd.cluster._CONNECTING_SECONDS", 3)
    complaint = "its scheduler has no workers; start some with"
    with pytest.raises(DataError, match=complaint), on_cluster(processes.address):
        pass
    processes.worker("--no-nanny", nthreads=2)
    processes.wait_for(1)
    with on_cluster(processes.address), pytest.raises(DataError, match="has 2 threads; start it with --nthr"):
        list(run(work, MIXED))


def test_other_versions_are_refused(cluster, monkeypatch):
    monkeypatch.setattr("simd.cluster.installed_versions", lambda: {"simd": "0.0.1", "numpy": "1.0"})
    with on_cluster(cluster.address), pytest.raises(DataError, match=r"other versions \(simd .*here 0\.0\.1"):
        list(run(work, MIXED))


@pytest.mark.slow
def test_without_any_worker_the_run_ends_after_a_while(small, monkeypatch):
    processes = small()
    worker = processes.worker("--no-nanny")
    processes.wait_for(1)
    monkeypatch.setattr("simd.cluster._PATIENCE_SECONDS", 3)
    with on_cluster(processes.address):
        results = run(work, [("slow", 0.3)] + [("slow", 30 + n) for n in range(5)])
        assert next(results).reason is None
        os.killpg(worker.pid, signal.SIGKILL)
        with pytest.raises(ClusterLostError, match="no workers any more, after 1 of 6 items"):
            next(results)


@pytest.mark.slow
def test_local_workers_come_and_go():
    with on_cluster("local:2"):
        items = [("square", n) for n in range(9)] + [("die", 3), ("environment", 0)]
        results = outcomes(items, workers=1)
    assert results.pop(("die", 3))[1] == (
        "its process died on 3 workers (out of memory, or a crash in a library)"
    )
    (threads, process), _ = results.pop(("environment", 0))
    assert threads == "1"
    assert results == {("square", n): (n, None) for n in range(9)}
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
