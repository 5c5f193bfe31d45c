"""Any model that export can write, rows for it, and what its answers are compared with."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from export.runners import Answers, Row
from hypothesis import strategies as st
from models import NAMES
from support import Array

from scorenet_cli.core.network import Layer, Network
from scorenet_cli.data.columns import positions, width
from scorenet_cli.model.model import Model, predict

ROWS = 1000
HOSTILE = [
    '"; DROP TABLE data; --',
    "'; DROP TABLE data; --",
    "*/ int evil; /*",
    "// ??/",
    "end\\",
    "</script><script>evil()</script>",
    "<!--",
    "'''\"\"\"",
    "a\nb = evil()\r#",
    "\u2028evil()",
    "${evil()}",
    "`evil`",
    "%s %(x)s {0}",
    '=cmd|"/C calc"!A1',
    "+1",
    "@SUM(1)",
    "nn_x1",
    "t.*",
    "__proto__",
    "constructor",
    "B4",
    "a  b",
    "null",
]
TEXTS = st.one_of(
    st.sampled_from(HOSTILE), NAMES.filter(lambda name: "\0" not in name and len(name) < 50)
)


@st.composite
def any_models(draw: st.DrawFn) -> Model:
    """A model with numbers, categories, fills, classes, offsets, and each activation."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))

    def columns(most: int) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
        names = draw(st.lists(TEXTS, min_size=1, max_size=most, unique_by=str.casefold))
        texts = st.lists(TEXTS.map(str.strip), min_size=2, max_size=4, unique=True)
        return tuple(names), {name: tuple(draw(texts)) for name in names if draw(st.booleans())}

    (features, categories), (targets, classes) = columns(3), columns(2)
    inputs = sum(width(categories.get(name)) for name in features)
    outputs = sum(width(classes.get(name)) for name in targets)
    sizes = [inputs, *draw(st.lists(st.integers(1, 4), max_size=2)), outputs]
    size = draw(st.sampled_from([1.0, 100.0]))
    layers = tuple(
        Layer(
            size * rng.standard_normal((before, after)),
            rng.standard_normal(after) if draw(st.booleans()) else None,
            draw(st.sampled_from(["sigmoid", "tanh", "relu", "linear"])),
        )
        for before, after in pairwise(sizes)
    )
    return Model(
        Network(layers),
        features,
        targets,
        feature_scale=rng.uniform(0.5, 3, inputs),
        target_scale=rng.uniform(0.5, 100, outputs),
        feature_range=np.array([[-1.0, 3.0]] * inputs) if draw(st.booleans()) else None,
        feature_offset=rng.standard_normal(inputs) if draw(st.booleans()) else None,
        target_offset=rng.standard_normal(outputs) if draw(st.booleans()) else None,
        categories=categories,
        classes=classes,
        fill={name: rng.uniform() for name in features if draw(st.booleans())},
    )


def everything() -> Model:
    """A model of hostile names with all that a model may have, and each activation."""
    rng = np.random.default_rng(4)
    categories = {HOSTILE[3]: (HOSTILE[0], HOSTILE[4]), HOSTILE[1]: (*HOSTILE[7:9], HOSTILE[2])}
    classes = {HOSTILE[13]: (HOSTILE[6], HOSTILE[12]), "of three": ("a", *HOSTILE[9:11])}
    activations = ["tanh", "relu", "linear", "sigmoid"]
    return Model(
        Network(
            tuple(
                Layer(
                    rng.standard_normal(size),
                    None if n == 1 else rng.standard_normal(size[1]),
                    name,
                )
                for n, (size, name) in enumerate(
                    zip(pairwise([6, 5, 4, 5, 5]), activations, strict=True)
                )
            )
        ),
        ("filled", HOSTILE[3], "B4", HOSTILE[1]),
        ("a score", *classes),
        feature_scale=rng.uniform(0.5, 3, 6),
        target_scale=np.array([5e21, 1, 1, 1, 1]),
        feature_range=np.array([[-1.0, 3.0]] * 6),
        feature_offset=rng.standard_normal(6),
        target_offset=np.array([7e20, 0, 0, 0, 0]),
        categories=categories,
        classes=classes,
        fill={"filled": 1.5, HOSTILE[3]: 0.25},
    )


def random_rows(model: Model, rows: int = ROWS) -> list[Row]:
    """Rows with a missing value here and there, and unknown texts."""
    rng = np.random.default_rng(1)
    columns = [
        rng.choice(np.array([*model.categories[name], "unknown"], dtype=object), rows)
        if name in model.categories
        else rng.normal(0, 3, rows).astype(object)
        for name in model.features
    ]
    for column in columns:
        column[rng.random(rows) < 0.1] = None
    return [*zip(*(column.tolist() for column in columns), strict=True)]


def can_be_predicted(model: Model, row: Row) -> bool:
    return all(
        name in model.fill if value is None else value in model.categories.get(name, (value,))
        for name, value in zip(model.features, row, strict=True)
    )


def assert_equal_to_predict(model: Model, rows: list[Row], answers: Answers) -> None:
    good = [n for n, row in enumerate(rows) if can_be_predicted(model, row)]
    assert len(answers) == len(rows)
    for n in set(range(len(rows))) - set(good):
        assert answers[n] == [None] * len(model.targets)
    if not good:
        return
    expected = predict(model, [rows[n] for n in good])
    where = positions(model.targets, model.classes)
    for n, target in enumerate(model.targets):
        found = [answers[row][n] for row in good]
        if target in model.classes:
            assert_most_probable(expected.outputs[:, where[target]], model.classes[target], found)
        else:
            scores = expected.scores[:, where[target].start]
            largest = np.abs(scores).max()
            np.testing.assert_allclose(
                np.array(found, dtype=float), scores, rtol=1e-12, atol=1e-13 * largest
            )


def assert_most_probable(outputs: Array, classes: tuple[str, ...], found: list[str]) -> None:
    """The class found is the most probable to 12 digits."""
    codes = [classes.index(text) for text in found]
    if len(classes) == 2:
        outputs = np.hstack([0.5 - (outputs - 0.5), outputs])
    chosen = outputs[np.arange(len(codes)), codes]
    highest = outputs.max(axis=1)
    assert (chosen >= highest - 1e-12 * np.maximum(1, np.abs(highest))).all()
