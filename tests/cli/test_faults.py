"""Real processes that are killed, interrupted, starved of disk, and many at once.

SCORENET_FAULTS=200 makes of each as many as CONTRIBUTING.md tells of; without it, a few.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import Invoke, named, one_message, plain_environment

import scorenet_cli as scorenet
from scorenet_cli.cli import train as training_run
from scorenet_cli.model import json_file
from scorenet_cli.model.document import ROWS_CSV

TIMES = int(os.environ.get("SCORENET_FAULTS", "2"))
# Runs the command, changed by what stands for {change}; saves are frequent, and so are faults.
SCRIPT = """
import os, sys, time
from scorenet_cli.cli import main
from scorenet_cli.cli import train as training_run
{change}
main()
"""
SLOW_DISK = """
real = os.fsync
def fsync(handle):
    time.sleep(0.05)
    real(handle)
os.fsync = fsync
"""
SAVES_ALL_THE_TIME = f"training_run.AUTOSAVE_SECONDS = 0.0{SLOW_DISK}"
NO_LOCKS = """
import errno, fcntl
def flock(*_):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
fcntl.flock = flock
"""
ROWS = 10_000
# Cases of which the default run has another of their kind.
ON_DEMAND = pytest.mark.skipif("SCORENET_FAULTS" not in os.environ, reason="needs SCORENET_FAULTS")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and limits as POSIX has them")


@pytest.fixture(autouse=True)
def _processes_that_hear_ctrl_c_and_end() -> Iterator[None]:
    """A process started in the background ignores it, and its children do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
    for run in _running:  # of a test that failed
        run.kill()
        run.communicate()
    _running.clear()


@pytest.fixture(scope="module")
def old_model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("old") / "scorenet.json"
    scorenet.train(epochs=1).model.save(path)
    return path.read_bytes()


@pytest.fixture
def folder(tmp_path: Path, old_model: bytes) -> Path:
    """A folder with an old model of the document's rows, and a CSV of many."""
    (tmp_path / "scorenet.json").write_bytes(old_model)
    (tmp_path / "d.csv").write_bytes(ROWS_CSV)
    (tmp_path / "students.csv").write_text(
        "hours,town,score\n"
        + "".join(f"{n % 7 or ''},{'Bern' if n % 3 else 'Rom'},{50 + n}\n" for n in range(40))
    )
    (tmp_path / "rows.csv").write_text("hours_studied,hours_slept\n" + "2,8\n" * ROWS)
    return tmp_path


def start(folder: Path, *words: object, change: str | None = None) -> subprocess.Popen[str]:
    program = ["-m", "scorenet_cli"] if change is None else ["-c", SCRIPT.format(change=change)]
    return _started(folder, [*program, *map(str, words)])


_running: list[subprocess.Popen[str]] = []


def _started(folder: Path, words: list[str]) -> subprocess.Popen[str]:
    _running.append(
        subprocess.Popen(
            [sys.executable, *words],
            cwd=folder,
            env=plain_environment(PYTHONDONTWRITEBYTECODE="1"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    return _running[-1]


def ended(run: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    out, errors = run.communicate(timeout=60)
    _running.remove(run)
    return subprocess.CompletedProcess(run.args, run.returncode, out, errors)


def litter(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.endswith(".tmp")]


def is_model(path: Path) -> bool:
    return json_file.load(str(path)).network.shape[0] == 2


def is_history(path: Path) -> bool:
    lines = path.read_text().splitlines()
    return lines == ["epoch,loss"] or lines[-1].startswith("5000,")


def is_csv(path: Path) -> bool:
    text = path.read_text()
    return text == "old" or text.count("\n") == ROWS + 1


def is_module(path: Path) -> bool:
    text = path.read_text()
    return text == "old" or text.endswith("    }\n")


TRAIN = ["train", "--epochs", 100_000_000, "--hidden", 400, "--quiet"]
HISTORY = ["train", "--epochs", 5000, "--history", "h.csv", "--quiet", "-o", "other.json"]
PREDICT = ["predict", "--csv", "rows.csv", "--output", "p.csv"]
AUTO = ["train", "students.csv", "--missing", "fill", "--quiet"]
FOLDS = ["train", "students.csv", "--folds", 3, "--epochs", 500, "--quiet"]
EXPORT = ["export", "python", "--output", "m.py"]


# kill -9


@pytest.mark.parametrize(
    ("words", "target", "old", "is_whole"),
    [
        (TRAIN, "scorenet.json", None, is_model),
        (HISTORY, "h.csv", "epoch,loss\n", is_history),
        (PREDICT, "p.csv", "old", is_csv),
        pytest.param(AUTO, "scorenet.json", None, is_model, marks=ON_DEMAND),
        pytest.param(FOLDS, "scorenet.json", None, is_model, marks=ON_DEMAND),
        pytest.param(EXPORT, "m.py", "old", is_module, marks=ON_DEMAND),
    ],
    ids=["model", "history", "predictions", "auto", "folds", "export"],
)
def test_a_file_is_old_or_new_whenever_its_writer_is_killed_and_litter_does_not_grow(
    folder: Path,
    words: list[object],
    target: str,
    old: str | None,
    is_whole: Callable[[Path], bool],
) -> None:
    if old is not None:
        (folder / target).write_text(old)
    moments = random.Random(TIMES)  # noqa: S311 - no secret
    left_behind = new = 0
    before = (folder / target).read_bytes()
    for n in range(TIMES):
        known = litter(folder)
        run = start(folder, *words, change=SAVES_ALL_THE_TIME)
        while run.poll() is None and set(litter(folder)) <= set(known):
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.5 if n % 2 else 0.02))  # then it writes, for sure
        run.kill()
        ended(run)
        assert is_whole(folder / target)
        assert len(litter(folder)) <= 1
        left_behind += len(litter(folder))
        new += (folder / target).read_bytes() != before
    print(f"{target}: {TIMES} kills, {left_behind} left a part behind, {new} found it new")  # noqa: T201
    assert left_behind  # the fault did happen
    scorenet.train(epochs=1).model.save(folder / "scorenet.json")
    assert litter(folder) == []


def test_a_long_run_that_is_killed_leaves_what_it_saved_in_between(folder: Path) -> None:
    run = start(folder, *TRAIN, "-o", "new.json", change="training_run.AUTOSAVE_SECONDS = 0.2")
    deadline = time.monotonic() + 30
    while not (folder / "new.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    run.kill()
    ended(run)
    facts = json_file.load(str(folder / "new.json")).training
    assert facts is not None
    assert facts.epochs > 0
    assert training_run.AUTOSAVE_SECONDS == 30


def test_several_trainings_into_one_file_leave_one_of_them_whole(folder: Path) -> None:
    words = ["train", "--epochs", 3000, "--quiet", "-o", "one.json"]
    runs = [start(folder, *words, "--seed", n, change=SAVES_ALL_THE_TIME) for n in range(2)]
    for run in runs:
        result = ended(run)
        assert result.returncode == 0
        assert "save" not in result.stderr  # none lost what it was writing
    facts = json_file.load(str(folder / "one.json")).training
    assert facts is not None
    assert (facts.epochs, facts.seed in range(2)) == (3000, True)
    assert litter(folder) == []


def test_a_folder_without_locks_takes_several_writers_of_one_file(folder: Path) -> None:
    (folder / ".scorenet-0.tmp").write_text("of a living process, for all that can be told")
    words: list[list[object]] = [["train", "--epochs", 1, "--quiet"], [*PREDICT], [*PREDICT]]
    for run in [start(folder, *each, change=f"{SLOW_DISK}{NO_LOCKS}") for each in words]:
        result = ended(run)
        assert result.returncode == 0, result.stderr
        assert "cannot" not in result.stderr
    facts = json_file.load(str(folder / "scorenet.json")).training
    assert facts is not None
    assert facts.epochs == 1
    assert (folder / "p.csv").read_text().count("\n") == ROWS + 1
    assert litter(folder) == [".scorenet-0.tmp"]


# A disk that takes no more


@pytest.mark.parametrize(
    ("words", "target"),
    [
        (["train", "d.csv", "--epochs", 1, "--hidden", 400, "--quiet"], "scorenet.json"),
        (["train", "d.csv", *HISTORY[1:-2]], "h.csv"),
        (PREDICT, "p.csv"),
        pytest.param([*AUTO, "--hidden", 40], "scorenet.json", marks=ON_DEMAND),
        pytest.param([*EXPORT, "--model", "wide.json"], "m.py", marks=ON_DEMAND),
    ],
)
def test_a_file_that_may_not_grow_is_one_message_and_the_old_one_stays(
    folder: Path, words: list[object], target: str
) -> None:
    pytest.importorskip("resource")
    old = b"epoch,loss\n"
    if target != "scorenet.json":
        (folder / target).write_bytes(old)
    named(("a", "b"), (2, 400, 1)).save(folder / "wide.json")
    before = (folder / target).read_bytes()
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))"
    result = ended(start(folder, *words, change=limit))
    assert one_message(result) == (
        f"Error: {target} cannot be written: file too large. Nothing was written to it."
    )
    assert result.returncode == 1
    assert (folder / target).read_bytes() == before
    assert litter(folder) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.usefixtures("folder")
def test_a_full_device_is_one_message(invoke: Invoke) -> None:
    result = invoke(*PREDICT[:-1], "/dev/full")
    assert "cannot be written: no space left on device" in one_message(result)
    assert result.exit_code == 1


# Takes root's privileges away, which is above permissions: a header of version 3, no capabilities.
LIKE_ANYBODY = """
import ctypes
words = ctypes.c_uint32
assert ctypes.CDLL(None).capset((words * 2)(0x20080522, 0), (words * 6)()) == 0
"""


def test_a_folder_that_may_not_be_written_to_is_one_message(folder: Path) -> None:
    before = (folder / "scorenet.json").read_bytes()
    folder.chmod(0o555)
    try:
        for words in (TRAIN, PREDICT):
            result = ended(start(folder, *words, change="" if os.geteuid() else LIKE_ANYBODY))
            assert "the folder" in one_message(result)
            assert one_message(result).endswith("is not writable. Choose another folder.")
            assert result.returncode == 1
        assert sorted(os.listdir(folder)) == ["d.csv", "rows.csv", "scorenet.json", "students.csv"]
        assert (folder / "scorenet.json").read_bytes() == before
    finally:
        folder.chmod(0o755)


def test_a_folder_that_vanishes_during_training_is_one_message(folder: Path) -> None:
    (folder / "gone").mkdir()
    words = ["--epochs", 100_000_000, "--log-every", 1, "-o", "gone/m.json"]
    run = start(folder, "train", "d.csv", *words)
    assert run.stderr is not None
    for line in run.stderr:
        if line.startswith("epoch 5 "):
            break
    shutil.rmtree(folder / "gone")
    run.send_signal(signal.SIGINT)
    result = ended(run)
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: gone/m.json cannot be written: there is no folder")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("words", [["train"], ["forward-trace", "--save", "a.svg"]])
def test_a_working_folder_that_was_deleted_is_one_message(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    result = invoke(*words)
    assert one_message(result) == (
        f"Error: {'a.svg' if '--save' in words else 'scorenet.json'} cannot be written: "
        "no such file or directory. Nothing was written to it."
    )
    assert result.exit_code == 1


# Ctrl-C

# Says on standard output when main has begun, which is when Ctrl-C begins to be heard.
TELLS = """
import os, signal, sys
from scorenet_cli import __main__
before = signal.signal
def tell(number, handler):
    signal.signal = before
    before(number, handler)
    os.write(1, b"ready\\n")
signal.signal = tell
__main__.main()
"""


def interrupted(
    folder: Path, words: list[object], moment: float, times: int
) -> subprocess.CompletedProcess[str]:
    run = _started(folder, ["-c", TELLS, *map(str, words)])
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    time.sleep(moment)
    for _ in range(times):
        run.send_signal(signal.SIGINT)
    return ended(run)


@pytest.mark.parametrize(
    ("words", "longest"),
    [
        (["predict", "2", "8"], 0.25),
        (["train", "d.csv", "--epochs", 2000, "--quiet"], 0.4),
        (PREDICT, 0.4),
        pytest.param(AUTO, 6, marks=ON_DEMAND),
        pytest.param(FOLDS, 2, marks=ON_DEMAND),
        pytest.param(EXPORT, 0.4, marks=ON_DEMAND),
    ],
    ids=["predict", "train", "predict to a file", "auto", "folds", "export"],
)
def test_ctrl_c_ends_cleanly_at_any_moment(
    folder: Path, words: list[object], longest: float
) -> None:
    (folder / "p.csv").write_text("old")
    (folder / "m.py").write_text("old")
    stopped = 0
    for n in range(TIMES):
        result = interrupted(folder, words, longest * n / TIMES, times=1 + n % 2)
        assert result.returncode in {0, 130}, result.stderr
        stopped += result.returncode == 130
        assert "Traceback" not in result.stderr
        assert "ignored" not in result.stderr
        assert litter(folder) == []
        assert is_model(folder / "scorenet.json")
        assert is_csv(folder / "p.csv")
        assert is_module(folder / "m.py")
    print(f"{words[0]}: {TIMES} interrupts, {stopped} before the end")  # noqa: T201
    assert stopped


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("words", [["train", "-"], ["predict", "--csv", "-", "--output", "p.csv"]])
def test_a_signal_while_a_csv_is_still_coming(
    folder: Path, words: list[str], sent: signal.Signals
) -> None:
    (folder / "p.csv").write_text("old")
    before = (folder / "scorenet.json").read_bytes()
    run = start(folder, *words)
    assert run.stdin is not None
    run.stdin.write("hours_studied,hours_slept,score\n2,9,92\n")
    run.stdin.flush()
    time.sleep(0.6)
    assert run.poll() is None
    run.send_signal(sent)
    result = ended(run)
    assert (result.returncode, result.stdout) == (128 + sent, "")
    assert result.stderr in {"Interrupted.\n", "Interrupted. Nothing was saved.\n"}
    assert (folder / "scorenet.json").read_bytes() == before
    assert (folder / "p.csv").read_text() == "old"
    assert litter(folder) == []


@pytest.mark.parametrize(
    ("words", "sent"),
    [(AUTO, signal.SIGINT), (FOLDS, signal.SIGTERM)],
    ids=["sizes", "folds"],
)
def test_a_signal_while_models_are_compared_says_that_nothing_is_saved(
    folder: Path, words: list[object], sent: signal.Signals
) -> None:
    change = """
from scorenet_cli.training import selection
def out_of_fold(*_):
    os.write(1, b'comparing\\n')
    time.sleep(9)
selection.out_of_fold = out_of_fold
"""
    before = (folder / "scorenet.json").read_bytes()
    run = start(folder, *words, change=change)
    assert run.stdout is not None
    assert run.stdout.readline() == "comparing\n"
    run.send_signal(sent)
    result = ended(run)
    assert (result.returncode, result.stderr) == (128 + sent, "Interrupted. Nothing was saved.\n")
    assert (folder / "scorenet.json").read_bytes() == before
    assert litter(folder) == []


def test_a_second_ctrl_c_while_a_model_is_saved_ends_at_once(folder: Path) -> None:
    slow = SLOW_DISK.replace("time.sleep(0.05)", "os.write(1, b'saving\\n'); time.sleep(3)")
    before = (folder / "scorenet.json").read_bytes()
    run = start(folder, "train", "--epochs", 7, "--quiet", change=slow)
    assert run.stdout is not None
    assert run.stdout.readline() == "saving\n"
    for _ in range(2):
        run.send_signal(signal.SIGINT)
        time.sleep(0.05)
    began = time.monotonic()
    assert ended(run).returncode == 130
    assert time.monotonic() - began < 2
    assert (folder / "scorenet.json").read_bytes() == before
    assert litter(folder) == []


def test_ctrl_c_while_a_finished_model_is_saved_is_told(folder: Path) -> None:
    slow = SLOW_DISK.replace("time.sleep(0.05)", "os.write(1, b'saving\\n'); time.sleep(0.2)")
    run = start(folder, "train", "d.csv", "--epochs", 7, "--quiet", change=slow)
    assert run.stdout is not None
    assert run.stdout.readline() == "saving\n"
    run.send_signal(signal.SIGINT)
    result = ended(run)
    assert result.returncode == 130
    assert result.stderr.endswith("Interrupted after training had ended; the model is saved.\n")
    assert json_file.load(str(folder / "scorenet.json")).training.epochs == 7  # type: ignore[union-attr]


def test_a_picture_is_saved_though_nobody_reads_the_page(folder: Path) -> None:
    with start(folder, "forward-trace", "--save", "g.svg") as run:
        assert run.stdout is not None
        run.stdout.close()
    _running.remove(run)
    assert (folder / "g.svg").read_text().startswith("<svg")


def test_a_second_ctrl_c_within_one_call_of_numpy_ends_at_once(folder: Path) -> None:
    change = """
import hashlib
from scorenet_cli.core import metrics
def no_return(*_):  # for ten seconds, in C
    os.write(1, b'within\\n')
    hashlib.pbkdf2_hmac('sha256', b'', b'', 10_000_000)
metrics.fit_baselines = no_return
"""
    before = (folder / "scorenet.json").read_bytes()
    run = start(folder, "train", "d.csv", "--epochs", 1, "--quiet", change=change)
    assert run.stdout is not None
    assert run.stdout.readline() == "within\n"
    began = time.monotonic()
    for _ in range(2):
        run.send_signal(signal.SIGINT)
        time.sleep(0.05)
    result = ended(run)
    assert (result.returncode, result.stderr) == (130, "Interrupted.\n")
    assert time.monotonic() - began < 2
    assert (folder / "scorenet.json").read_bytes() == before


# Many at once


def test_many_processes_share_one_model(invoke: Invoke, folder: Path) -> None:
    expected = invoke("predict", 2, 8).stdout
    assert float(expected) > 0
    began = time.perf_counter()
    runs = [start(folder, "predict", 2, 8) for _ in range(TIMES)]
    assert [ended(run).stdout for run in runs] == [expected] * TIMES
    print(f"{TIMES} processes at once: {time.perf_counter() - began:.1f} s")  # noqa: T201


def test_a_wide_csv_and_a_deep_network_go_through_every_command(
    invoke: Invoke, folder: Path
) -> None:
    columns = 60
    names = ",".join(f"c{n}" for n in range(columns))
    row = ",".join("0.5" for _ in range(columns))
    (folder / "wide.csv").write_text(f"{names},score\n" + f"{row},80\n" * 3)
    deep = ",".join(["2"] * 20)
    for csv, hidden in (("wide.csv", "3"), ("d.csv", deep)):
        made = invoke("train", csv, "--epochs", 2, "--hidden", hidden, "-o", "m.json")
        assert made.exit_code == 0, made.stderr
        answer = invoke("predict", "--csv", csv, "--model", "m.json")
        assert answer.exit_code == 0
        assert len(answer.stdout.splitlines()) == 4
        values = [0.5] * columns if csv == "wide.csv" else [2, 8]
        for words in (["inspect"], ["forward-trace", *values]):
            shown = invoke(*words, "--model", "m.json")
            assert shown.exit_code == 0, shown.stderr
    model = json.loads((folder / "m.json").read_text())
    assert len(model["layers"]) == 21
