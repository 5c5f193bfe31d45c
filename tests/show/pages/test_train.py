from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from rich.console import Console, Group
from support import fit_result, named, shown

from scorenet_cli.core.metrics import Baselines, Fit, Metrics, compare, fit_baselines
from scorenet_cli.core.optimizers.evidence import Evidence
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.show.pages.train import training_summary
from scorenet_cli.training.fit import Choice
from scorenet_cli.training.loop import Stopped, TrainingResult
from scorenet_cli.training.settings import Settings


def page_of(
    evidence: Evidence | None = None,
    choice: Choice | None = None,
    *,
    stopped: Stopped = "epochs",
    command: str = "",
) -> Group:
    """The summary of predictions that are 0.001 too low."""
    scores = np.array([[0.0], [50.0], [90.0]])
    predicted = scores - 0.001
    data = Dataset("", "", ("hours",), ("score",), np.array([[1.0], [2.0], [3.0]]), scores)
    run = TrainingResult(named(("hours",), (1, 1)).network, 5, 5, 1e-10, stopped, 0.1, ())
    fit = compare(predicted, data.inputs, scores, fit_baselines(data.inputs, scores))
    run = replace(run, evidence=evidence)
    result = replace(fit_result(data, predicted, run, fit=fit), choice=choice)
    return training_summary(result, command)


def summary(evidence: Evidence | None = None, choice: Choice | None = None) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in shown(page_of(evidence, choice), 100).splitlines()]


def test_the_reason_for_stopping_is_shown_where_it_says_more_than_the_epochs() -> None:
    assert "stop reason  converged" in shown(page_of(stopped="converged"))
    for stopped in ("epochs", "interrupted"):
        assert "stop reason" not in shown(page_of(stopped=stopped))


def test_a_command_to_be_copied_is_never_wrapped() -> None:
    command = f"scorenet train {'x' * 90}.csv"
    console = Console(file=io.StringIO(), width=50)
    with console.capture() as capture:
        console.print(page_of(command=command), crop=False)  # as show prints it
    assert f"\nreproduce with: {command}\n" in capture.get()


def test_a_weight_decay_that_all_layers_share_is_a_number() -> None:
    evidence = Evidence((1e-7,), np.ones(1), 1.25, 1.0, 1.0, np.eye(2))
    lines = summary(evidence)
    assert ["weight", "decay", "1e-07"] in lines
    assert ["parameters", "1.2", "of", "2", "effective"] in lines


def test_of_a_single_size_nothing_is_said_of_the_others() -> None:
    best = Metrics(0.5, 2.0, 1.0)
    choice = Choice((((), Fit(0.5, 2.0, 1.0, Baselines(best, best))),), 60, Settings(hidden=()))
    lines = [" ".join(line) for line in summary(choice=choice)]
    start = lines.index("compared no hidden layer: R2 0.5000, RMSE 2 out of fold, chosen")
    folds = "on 60 rows, in 5 folds; chosen: the simplest not clearly worse than the best"
    assert lines[start + 1 : start + 3] == [folds, "loss 1e-10 after 5 epochs, 0.1 s"]


def test_a_prediction_just_below_0_has_no_sign() -> None:
    lines = summary()
    assert lines[2] == ["1", "0.00", "0.00"]
    assert lines[3] == ["2", "50.00", "50.00"]
