from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len
from support import named, shown

from scorenet_cli.core.metrics import Baselines, Evaluation, Fit, Metrics
from scorenet_cli.core.network import Network
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.show.console import as_text
from scorenet_cli.show.pages.inspect import inspection
from scorenet_cli.show.tables import fit_table


def test_weights_stand_in_a_matrix_where_it_fits_and_in_a_list_elsewhere() -> None:
    model = named(("hours",), (1, 20, 1))
    text = shown(inspection(model, "m.json"), 50)
    assert max(map(cell_len, text.splitlines())) <= 50
    lines = [line.split() for line in text.splitlines()]
    for neuron in range(20):
        weight = f"{model.network.layers[0].weights[0, neuron]:.6f}"
        assert ["hours", f"h{neuron + 1}", weight] in lines
        assert ["bias", f"h{neuron + 1}", "0"] in lines


def test_a_matrix_of_weights_is_a_list_where_it_is_wide_or_long() -> None:
    square = named(tuple(f"x{n}" for n in range(99)), (99, 4, 1))  # 400 weights and biases
    text = as_text(inspection(square, "m.json"))
    header = text.partition("Weights into hidden layer\n")[2].splitlines()[0]
    assert header.split() == ["from", "h1", "h2", "h3", "h4"]
    wide = named(("hours",), (1, 20, 1))
    lines = as_text(inspection(wide, "m.json")).partition("Weights into hidden layer\n")[2]
    weight = f"{wide.network.layers[0].weights[0, 0]:.6f}"
    assert lines.splitlines()[0] == "from   to      weight"  # two spaces between columns
    assert lines.splitlines()[2] == f"hours  h1    {weight}"
    assert lines.splitlines()[3] == "bias   h1           0"


@pytest.mark.parametrize("has_bias", [True, False])
def test_a_bias_is_the_last_row_of_a_matrix(*, has_bias: bool) -> None:
    model = named(tuple("abcdefgh"), (8, 4, 1))
    layers = [
        replace(layer, bias=layer.bias if has_bias else None) for layer in model.network.layers
    ]
    text = shown(inspection(replace(model, network=Network(tuple(layers))), "m.json"))
    rows = text.partition("Weights into hidden layer\n")[2].partition("\n\n")[0].splitlines()[2:]
    assert [row.split()[0] for row in rows] == [*"abcdefgh", *(["bias"] * has_bias)]


def test_a_huge_layer_is_cut_and_says_so() -> None:
    text = shown(inspection(named(("a", "b"), (2, 300, 1)), "m.json"))
    assert "... and 500 more weights: --json or --weights-to writes all" in text
    assert len(text.splitlines()) < 800


def test_of_very_many_columns_some_are_named_and_the_others_counted() -> None:
    model = named(tuple(f"f{n}" for n in range(103)), (103, 1, 102))
    text = shown(inspection(model, "m.json"))
    assert "f99 and 3 more" in text
    assert "... and 3 more features: --json prints all" in text
    assert "... and 2 more targets: --json prints all" in text
    scaling = text.split("Scaling")[1].split("Training")[0].splitlines()
    assert [line.split()[0] for line in scaling if line.startswith("f")][-1] == "f99"


@pytest.mark.parametrize(("columns", "names"), [(100, "x99"), (101, "x99 and 1 more")])
def test_a_hundred_columns_are_named(columns: int, names: str) -> None:
    text = as_text(inspection(named(tuple(f"x{n}" for n in range(columns)), (columns, 1)), "m"))
    (line,) = (line for line in text.splitlines() if line.startswith("features"))
    assert line.endswith(f"x98, {names}")


def test_snapshots_are_counted_with_their_epochs() -> None:
    model = named(("a",), (1, 1))
    model = replace(model, snapshots=((0, model.network), (12_345, model.network)))
    assert "snapshots   2, from epoch 0 to 12,345\n" in as_text(inspection(model, "m.json"))


def a_fit(r2: float) -> Fit:
    return Fit(r2, 2.0, 1.0, Baselines(Metrics(0.0, 3, 2), Metrics(0.5, 2.5, 1.5)))


@pytest.mark.parametrize(
    ("scores", "record", "is_training_data", "rows"),
    [
        (1, None, False, "not the training rows"),
        (2, TrainingRecord(), True, "the training rows"),
        (5, TrainingRecord(validation=0.25), True, "the training and validation rows"),
    ],
)
def test_the_fit_is_that_of_all_scores_then_of_each(
    scores: int, record: TrainingRecord | None, *, is_training_data: bool, rows: str
) -> None:
    """The last output is a class: it has no metrics of its own, and no chart."""
    model = named(("a",), (1, scores + 1))
    targets, classes = (*model.targets[:-1], "grade"), {"grade": ("a", "b")}
    model = replace(model, targets=targets, classes=classes, training=record)
    table = np.random.default_rng(2).random((3, scores + 1))
    each = tuple(a_fit(n / 10) for n in range(scores + 1))
    page = inspection(
        model, "m.json", Evaluation(table[:, :1], table, table, a_fit(0.99), each, is_training_data)
    )
    lines = shown(page).partition("Fit on ")[2].splitlines()
    assert lines[0] == f"3 rows, {rows}"
    found = [line.split()[0] for line in lines if line.startswith(("score", "grade"))]
    assert found == [f"score{n}" for n in range(scores)]
    networks = [line.split()[1] for line in lines if line.startswith("network")]
    assert networks == ["0.9900", *(f"{n / 10:.4f}" for n in range(scores))]
    charts = [line for line in lines if line.startswith("predicted ")]
    assert charts == [f"predicted score{n}" for n in range(min(scores, 4))]
    note = "... and 1 more target: predict --csv writes all"
    assert lines.count(note) == (scores == 5)


def test_a_single_score_is_not_shown_twice() -> None:
    table = np.ones((3, 1))
    scored = Evaluation(table, table, table, a_fit(0.5), (a_fit(0.5),))
    text = shown(inspection(named(("a",), (1, 1)), "m.json", scored))
    assert sum(line.startswith("network  ") for line in text.splitlines()) == 2  # its shape, too


def test_the_most_important_columns_are_first_and_the_rest_counted() -> None:
    names = tuple(f"x{n}" for n in range(21))
    table = np.eye(21)
    importance = {name: (0.5 + n / 100, 0.123456 - n / 1000) for n, name in enumerate(names)}
    scored = Evaluation(table, table[:, :1], table[:, :1], a_fit(0.5), importance=importance)
    text = shown(inspection(named(names, (21, 1)), "m.json", scored))
    lines = text.partition("when a column is shuffled\n")[2].splitlines()
    assert lines[0].split() == ["column", "R2", "decrease", "std"]
    assert [line.split()[0] for line in lines[2:22]] == [f"x{n}" for n in range(20, 0, -1)]
    assert lines[2].split() == ["x20", "0.7", "0.1035"]
    assert lines[22] == "... and 1 more column: --json prints all"


def test_the_training_range_of_a_target_is_that_of_its_training_scores() -> None:
    model = named(("a",), (1, 1))
    trained = replace(model, training=TrainingRecord(target_range=((86.0, 92.0),)))
    for each, expected in ((model, "not recorded"), (trained, "86 to 92")):
        text = shown(inspection(each, "m.json"))
        (line,) = (
            line
            for line in text.split("Scaling")[1].split("Training")[0].splitlines()
            if line.startswith("score0  ")
        )
        assert line.split("100", 1)[1].strip() == expected


def test_noise_of_an_exact_fit_is_shown_as_0() -> None:
    exact = Metrics(1.0, 4.6e-14, 3.2e-14)
    fit = Fit(1.0, 2.3e-8, 1.8e-8, Baselines(mean=Metrics(-1e-17, 2.4495, 2), linear=exact))
    rows = [line.split()[-3:] for line in shown(fit_table(fit, np.array([92.0]))).splitlines()[2:]]
    assert rows == [
        ["1.0000", "2.300e-08", "1.800e-08"],
        ["1.0000", "0", "0"],
        ["0.0000", "2.4495", "2"],
    ]
    constant = Metrics(None, 2.4e-13, 1.9e-13)
    fit = Fit(None, 2.4e-13, 2.4e-13, Baselines(mean=Metrics(None, 0, 0), linear=constant))
    rows = [line.split()[-3:] for line in shown(fit_table(fit, np.full(4, 50.0))).splitlines()[2:]]
    assert rows == [["-", "0", "0"]] * 3
