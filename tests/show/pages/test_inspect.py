from __future__ import annotations

from dataclasses import replace

import numpy as np
from rich.cells import cell_len
from support import named, shown

from scorenet_cli.core.metrics import Baselines, Fit, Metrics
from scorenet_cli.model.record import TrainingRecord
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
