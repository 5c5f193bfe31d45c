"""What the commands say on standard error: whole command lines, whole messages."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import MODEL, Invoke, one_message

from scorenet_cli.cli import train as training_run
from scorenet_cli.cli.interrupts import InterruptFlag
from scorenet_cli.cli.messages import shell_command
from scorenet_cli.training import loop

ONE = MODEL | {
    "features": ["h"],
    "feature_scale": [1],
    "feature_range": [[0, 1]],
    "target_scale": [1],
    "layers": [{"weights": [[1]], "activation": "tanh"}],
}
TOWNS = MODEL | {
    "version": 2,
    "features": ["hours", "town"],
    "categories": {"town": ["=x", *(f"t{n}" for n in range(12)), "hours=1"]},
    "fill": {"hours": 3.5, "town": 0},
    "feature_scale": [4] + [1] * 14,
    "feature_range": [[1, 4]] + [[0, 1]] * 14,
    "layers": [{"weights": [[0.5]] * 15}],
}
DEEP = MODEL | {
    "layers": [
        {"weights": [[1], [1]], "activation": "tanh"},
        {"weights": [[1]], "activation": "relu"},
    ]
}
MODELS = {
    "deep.json": DEEP,
    "scorenet.json": MODEL,
    "m.svg": MODEL,
    "one.json": ONE,
    "towns.json": TOWNS,
    "full.json": ONE | {"layers": [{"weights": [[1000]]}]},  # its output is 1, its slope 0
    "wide.json": MODEL | {"layers": [{"weights": [[0.1] * 33] * 2}, {"weights": [[0.1]] * 33}]},
}
ROWS = "2,9,92\n1,5,86\n3,6,89\n"
TEXTS = {
    "d.csv": f"studied,slept,score\n{ROWS}",
    "h.csv": f"hours_studied,hours_slept,score\n{ROWS}",
    "towns.csv": "hours,town\n3,t99\n2,t1\n",
    "w/w1.txt": "0.2 0.6 0.1\n0.8 0.3 0.7\n",
    "w/w2.txt": "0.4\n0.5\n0.9\n",
    "line/w1.txt": "0.5\n-0.25\n",
}
FILES = TEXTS | {name: json.dumps(model) for name, model in MODELS.items()}


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")


# What is wrong with a command line; exit status 2.
USAGE_ERRORS = {
    "traim": "no such command 'traim'. Did you mean 'train'? See: scorenet --help",
    "--version=3": "--version does not take a value. See: scorenet --help",
    "train --lr 3": (
        "there is no option '--lr'. Did you mean '--learning-rate'? See: scorenet train --help"
    ),
    "train --seed": "--seed needs a value. See: scorenet train --help",
    "train a b": "unexpected argument 'b'. Leave it out. See: scorenet train --help",
    "train --bias=3": "--bias does not take a value. See: scorenet train --help",
    "train --quiet --log-every 10": "--log-every has no effect with --quiet. Leave one out.",
    "train --no-header": "--no-header has no effect without a CSV. Leave it out.",
    "train -o -": "--output cannot be standard output, where the results go. Give a file name.",
    "train --history -": (
        "--history cannot be standard output, where the results go. Give a file name."
    ),
    "train d.csv --history d.csv": (
        "--history would overwrite the CSV: 'd.csv'. Choose another name."
    ),
    "train d.csv --history scorenet.json": (
        "--history would overwrite the --output file: 'scorenet.json'. Choose another name."
    ),
    "train d.csv --resume m.svg --history m.svg": (
        "--history would overwrite the --resume model: 'm.svg'. Choose another name."
    ),
    "train a.csv --csv b.csv": "two CSVs are given: 'a.csv' and 'b.csv'. Leave one out.",
    'train ""': "the CSV's name is empty: a shell variable may be unset.",
    "train --epoch 3": (
        "there is no option '--epoch'. Did you mean '--epochs'? See: scorenet train --help"
    ),
    "train --epochs x": (
        "--epochs expects a whole number of at least 0; got 'x'. See: scorenet train --help"
    ),
    "train --restarts 1e9": (
        "--restarts expects a whole number from 1 to 1000; got '1e9'. See: scorenet train --help"
    ),
    "train --tolerance x": (
        "--tolerance expects a number, but 'x' is not a number. See: scorenet train --help"
    ),
    "predict --scaling owm": (
        "--scaling expects one of training, own, none; got 'owm'. Did you mean 'own'? See: "
        "scorenet predict --help"
    ),
    "predict -o": "-o needs a value. See: scorenet predict --help",
    "predict": "give either VALUES or --csv FILE. For example: scorenet predict 4 8",
    "predict 4 8 --header": "--header has no effect without --csv. Leave it out.",
    "predict --csv none.csv --interval 0.9": (
        "--interval needs a model that stores its uncertainty, which this model does not. Train "
        "one with --optimizer lm and --weight-decay auto."
    ),
    "predict 4 -": "the value '-' is not a number. Give one number for each feature.",
    "predict d.csv": "'d.csv' is a file, not a value. To read the rows of a CSV, use --csv d.csv",
    "predict 0.5 1 --model one.json": "expected 1 value ('h'), got 2.",
    "predict 3 t99 --model towns.json": (
        "'t99' is not a category of 'town'. Did you mean 't9'? The categories are '=x', 't0', "
        "'t1', 't2', 't3', 't4', 't5', 't6', 't7', 't8', 't9', 't10', 't11', 'hours=1'."
    ),
    'predict "?" none --model towns.json': (
        "'none' is not a category of 'town'. The categories are '=x', 't0', 't1', 't2', 't3', "
        "'t4', 't5', 't6', 't7', 't8', 't9', 't10', 't11', 'hours=1'."
    ),
    "predict hours=1 =x --model towns.json": (
        "'=x' does not name a feature. Give every value as name=value; the features are 'hours', "
        "'town'."
    ),
    "predict hour=1 town=t1 --model towns.json": (
        "'hour=1' does not name a feature. Did you mean 'hours'? Give every value as name=value; "
        "the features are 'hours', 'town'."
    ),
    "predict a=b c=d": (
        "'a=b' does not name a feature. Give every value as name=value; the features are "
        "'studied', 'slept'."
    ),
    "predict a=b 3": "the value 'a=b' is not a number. Give one number for each feature.",
    "predict -- -1 --json=3": (
        "--json=3 comes after --, where only values are allowed. Move it before --."
    ),
    "predict -- 1 -a=3 --json": (
        "--json comes after --, where only values are allowed. Move it before --."
    ),
    "predict hours=1 t1 --model towns.json": (
        "'t1' does not name a feature. Give every value as name=value; the features are 'hours', "
        "'town'."
    ),
    "predict hours=1 townn=aaaa=b --model towns.json": (
        "'townn=aaaa=b' does not name a feature. Did you mean 'town'? Give every value as "
        "name=value; the features are 'hours', 'town'."
    ),
    "predict --scaling x": (
        "--scaling expects one of training, own, none; got 'x'. See: scorenet predict --help"
    ),
    "inspect --header": "--header has no effect without --data. Leave it out.",
    "inspect --save m.svg --model m.svg": (
        "--save would overwrite the model: 'm.svg'. Choose another name."
    ),
    "inspect --save-response m.svg --model m.svg": (
        "--save-response would overwrite the model: 'm.svg'. Choose another name."
    ),
    "inspect --precision=3": "there is no option '--precision'. See: scorenet inspect --help",
    "export": (
        "missing argument 'FORMAT'. Choose from: sql, spreadsheet, python, javascript, c. See: "
        "scorenet export --help"
    ),
    "export pascal": (
        "FORMAT expects one of sql, spreadsheet, python, javascript, c; got 'pascal'. See: "
        "scorenet export --help"
    ),
    "export sql --table x --dialect sparc": (
        "--dialect expects one of standard, spark; got 'sparc'. Did you mean 'spark'? See: "
        "scorenet export --help"
    ),
    "export c --table x": "--table has no effect with the format c. Leave it out.",
    "export python --dialect spark": (
        "--dialect has no effect with the format python. Leave it out."
    ),
    "export sql --table a..b": "--table expects the name of a table, or schema.table; got 'a..b'.",
    "export c -o scorenet.json": (
        "--output would overwrite the model: 'scorenet.json'. Choose another name."
    ),
    "forward-trace d.csv": "'d.csv' is a file, not a value.",
    "forward-trace --save m.svg --model m.svg 2 8": (
        "--save would overwrite the model: 'm.svg'. Choose another name."
    ),
    "forward-trace --json --explain": "--explain has no effect with --json. Leave it out.",
    "forward-trace --json --blank": "--blank has no effect with --json. Leave it out.",
    "forward-trace --model m.svg": (
        "--model has no effect with the worked example. Give VALUES, without --worked-example, to"
        " trace the model."
    ),
    "forward-trace --scaling training": (
        "--scaling cannot be training: the worked example has no training rows. Use own or none."
    ),
    "backward-trace 2 8 --actual 1 --model none.json --learning-rate 0": (
        "--learning-rate must be a finite number above 0."
    ),
    "backward-trace --learning-rate x": (
        "--learning-rate expects a number, but 'x' is not a number. See: scorenet backward-trace "
        "--help"
    ),
    "backward-trace --header": "--header has no effect without --csv. Leave it out.",
    "backward-trace 2 8": "--actual SCORE is required, once for each target.",
    "backward-trace 4 8 --worked-example": "--actual SCORE is required once for 'score'; got 0.",
    "backward-trace --save m.svg --model m.svg 2 8 --actual 1": (
        "--save would overwrite the model: 'm.svg'. Choose another name."
    ),
    "backward-trace --blank --check": (
        "--check cannot be combined with --blank: --check shows results."
    ),
    "backward-trace --csv d.csv --actual 3": (
        "--actual cannot be combined with --csv. Leave it out."
    ),
    "backward-trace --csv d.csv 4": "--csv cannot be combined with VALUES. Give only one of them.",
    "backward-trace --csv d.csv --precison 3": (
        "there is no option '--precison'. Did you mean '--precision'? See: scorenet "
        "backward-trace --help"
    ),
    "backward-trace --goal 92": (
        "there is no option '--goal'. Did you mean '--actual'? See: scorenet backward-trace --help"
    ),
}

# What is wrong with files; exit status 1.
DATA_ERRORS = {
    "train d.csv --history one.json": (
        "one.json exists and is not a loss history, so it was not overwritten. Choose another "
        "name, or move it away."
    ),
    "train d.csv --activation linear --output-activation linear --learning-rate 100": (
        "training diverged: the loss or the weights are no longer finite at epoch 4. Try a "
        "smaller --learning-rate. The model was not saved."
    ),
    "train none.csv": "none.csv cannot be read: no such file or directory.",
    "train https://a.b/c.csv": "https://a.b/c.csv is a web address, not a file. Download it first: "
    "curl -LO URL",
    "predict 2 8 --model none.json": (
        "there is no model none.json. Make one with: scorenet train -o none.json"
    ),
    "predict --csv none.csv": "none.csv cannot be read: no such file or directory.",
    "backward-trace --csv d.csv --no-header": (
        "d.csv, line 1, column 'studied': 'studied' is not a number. Fix the cell."
    ),
}


@pytest.mark.parametrize(
    ("status", "line", "message"),
    [(2, *each) for each in USAGE_ERRORS.items()] + [(1, *each) for each in DATA_ERRORS.items()],
)
def test_an_error_is_one_whole_message_and_changes_nothing(
    invoke: Invoke, tmp_path: Path, status: int, line: str, message: str
) -> None:
    result = invoke(*shlex.split(line))
    assert one_message(result) == f"Error: {message}"
    assert result.exit_code == status
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")}
    assert found == {str(Path(name)) for name in FILES}
    assert all((tmp_path / name).read_text(encoding="utf-8") == FILES[name] for name in FILES)


LINE = (
    "Note: the model is read from w1.txt (2 x 1): values are expected to be scaled already. "
    "There is no hidden layer.\n"
)
UNSCALED = (
    "Warning: these weights hold no scaling, so values are expected to be scaled already, but {} "
    "is outside -1 to 1. In predict and the traces, --scaling own divides values by their own "
    "largest value, as the document does.\n"
)
# What is said beside the results.
NOTES = {
    'predict "?" "?" --model towns.json': "",
    "predict none t1 --model towns.json": "",
    "predict 2 8 --model w": UNSCALED.format(2),
    "predict --csv towns.csv --model towns.json": (
        "Warning: 1 of 2 rows is not predicted: unknown categories ('town': 1; first in line 2: "
        "'t99'; the categories are '=x', 't0', 't1', 't2', 't3', 't4', 't5', 't6', 't7', 't8', "
        "'t9', 't10', 't11', 'hours=1').\n"
    ),
    "inspect --weights-to v": (
        "Wrote v/w1.txt, v/b1.txt.\n"
        "Warning: the weight files hold neither the names nor the scaling.\n"
    ),
    "inspect --weights-to v --model one.json": (
        "Wrote v/w1.txt.\nWarning: when read back, every layer becomes sigmoid; tanh is lost.\n"
    ),
    "inspect --weights-to v --model deep.json": (
        "Wrote v/w1.txt, v/w2.txt.\n"
        "Warning: the weight files hold neither the names nor the scaling.\n"
        "Warning: when read back, every layer becomes sigmoid; relu, tanh is lost.\n"
    ),
    "inspect --model line": LINE,
    "inspect --model line --quiet": "",
    "inspect --model w --data h.csv": (
        UNSCALED.format(2)
        + "Warning: on these rows, the network is no better than predicting the mean for every "
        "row.\n"
    ),
    "export c --model line": LINE,
    "export c --model line --quiet": "",
    "forward-trace 5 8": (
        "Warning: 'studied' = 5 is outside the training range 1 to 4: the prediction is an "
        "extrapolation.\n"
    ),
    "forward-trace 5 8 --scaling none": (
        "Warning: 'studied' = 5 is outside the training range 0.25 to 1: the prediction is an "
        "extrapolation.\n"
        "Warning: 'slept' = 8 is outside the training range 0.5 to 1: the prediction is an "
        "extrapolation.\n"
    ),
    "forward-trace 5 8 --scaling own": (
        "Warning: 'studied' = 5 is outside the training range 1 to 4: the prediction is an "
        "extrapolation.\n"
    ),
    "forward-trace 5 8 --model line": LINE + UNSCALED.format(5),
    "forward-trace .5 .8 --model line": LINE,
    "forward-trace .5 .8 --model line --quiet": "",
    "backward-trace .5 .8 --actual 1 --model line": LINE,
    "backward-trace .5 .8 --actual 1 --model line --quiet": "",
    "backward-trace --learning-rate 1000": (
        "Warning: the step raises the loss from 0.004001 to 0.006400: the learning rate is too "
        "large. Try a smaller --learning-rate.\n"
    ),
    "backward-trace --csv d.csv --model w": (
        "Note: a folder of weights holds no scaling: the rows are scaled as scorenet train would "
        "scale them.\n"
    ),
    "backward-trace --csv d.csv --model w --quiet": "",
    "backward-trace 1 --actual 0.5 --model full.json": "",
    "backward-trace --csv d.csv --model wide.json --save p.html --json": (
        "Note: the network is too large for a picture: the page holds only the tables.\n"
        "Saved p.html.\n"
    ),
}


@pytest.mark.parametrize(("line", "said"), NOTES.items())
def test_notes_and_warnings_are_all_that_is_said_beside_the_results(
    invoke: Invoke, line: str, said: str
) -> None:
    result = invoke(*shlex.split(line))
    assert result.stderr == said
    assert result.exit_code == 0
    assert result.stdout


THE_FIRST = "Warning: interrupted after 1 of 2 starts; the best of these is kept.\n"
# What is said when Ctrl-C comes before the first epoch, and the command for what is left.
INTERRUPTED = {
    "train - --header --epochs 9": (
        "Interrupted after 0 epochs. The model is saved. Continue with this command and the same "
        "data on standard input:\n"
        "scorenet train - --header --resume scorenet.json --epochs 9\n"
    ),
    "train d.csv --optimizer lm --no-header --history new.csv": (
        "Interrupted after 0 epochs. The model is saved. Continue with:\n"
        "scorenet train d.csv --no-header --resume scorenet.json --epochs 1000 --history new.csv\n"
    ),
    "train d.csv --optimizer gd --restarts 3": (
        "Warning: interrupted after 3 of 3 starts; the best of these is kept.\n"
        "Interrupted after 0 epochs. The model is saved. Continue with:\n"
        "scorenet train d.csv --resume scorenet.json --epochs 1000\n"
    ),
    "train d.csv --optimizer lm --restarts 2 --seed 0 --history new.csv": (
        f"{THE_FIRST}"
        "Interrupted after 0 epochs. The best model so far is saved. Run the remaining starts "
        "with:\n"
        "scorenet train d.csv --seed 0 --optimizer lm --restarts 2 --output scorenet-others.json\n"
    ),
    "train d.csv --optimizer lm --restarts 2 --validation 0.5 --history new.csv": (
        "Note: validation rows, to choose the epoch and the start: 1; test rows, to measure the "
        "fit: 1.\n"
        f"{THE_FIRST}"
        "Interrupted after 0 epochs. The best model so far is saved. Run all starts again with:\n"
        "scorenet train d.csv --optimizer lm --restarts 2 --validation 0.5 --history new.csv\n"
    ),
    "train d.csv --epochs 0": "Interrupted after 0 epochs. The model is saved.\n",
}


@pytest.mark.parametrize(("line", "said"), INTERRUPTED.items())
def test_an_interrupted_run_names_the_command_for_what_is_left(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, line: str, said: str
) -> None:
    @contextmanager
    def interrupted(flag: InterruptFlag) -> Iterator[None]:
        flag.signal = signal.SIGINT
        yield

    monkeypatch.setattr(training_run, "catch_signals", interrupted)
    monkeypatch.setattr(loop, "TICK", 0.0)
    rows = ROWS if "--no-header" in line else TEXTS["d.csv"]
    Path("d.csv").write_text(rows, encoding="utf-8")
    result = invoke(*shlex.split(line), stdin=rows)
    assert result.stderr == said
    assert result.exit_code == 130


def test_a_command_is_quoted_for_the_users_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["scorenet", "train", "my data.csv"]
    monkeypatch.setattr(sys, "platform", "linux")
    assert shell_command(words) == "scorenet train 'my data.csv'"
    monkeypatch.setattr(sys, "platform", "win32")
    assert shell_command(words) == 'scorenet train "my data.csv"'
