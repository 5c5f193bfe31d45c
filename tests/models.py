"""Any model, for the tests of what saves and loads one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support import Array

from scorenet_cli.core.network import Layer, Network
from scorenet_cli.model.model import Model
from scorenet_cli.model.record import TrainingRecord

FINITE = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
COUNTS = st.integers(0, 2**63 - 1)
SEEDS = st.integers(0, 2**70)
LOSSES = st.floats(min_value=0, allow_nan=False, allow_infinity=False)
RECORDS = st.builds(
    TrainingRecord,
    data=st.none() | NAMES,
    rows=st.none() | COUNTS,
    seed=st.none() | SEEDS,
    optimizer=st.none() | NAMES,
    learning_rate=st.none() | FINITE.filter(lambda rate: rate > 0),
    epochs=COUNTS,
    stopped=st.none() | NAMES,
    best_epoch=st.none() | COUNTS,
    loss=st.none() | LOSSES,
    history=st.lists(st.tuples(COUNTS, LOSSES), max_size=3).map(tuple),
    versions=st.dictionaries(NAMES, NAMES, max_size=2),
    date=st.none() | NAMES,
)


def bits(values: Array | None) -> bytes | None:
    return None if values is None else str(values.shape).encode() + values.tobytes()


@st.composite
def models(draw: st.DrawFn) -> Model:
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    layers = tuple(
        Layer(
            draw(arrays(np.float64, (before, after), elements=FINITE)),
            draw(st.none() | arrays(np.float64, after, elements=FINITE)),
            draw(st.sampled_from(["sigmoid", "tanh", "relu"])),
        )
        for before, after in pairwise(sizes)
    )
    inputs, outputs = sizes[0], sizes[-1]

    def names(count: int) -> tuple[str, ...]:
        return tuple(draw(st.lists(NAMES, min_size=count, max_size=count, unique_by=str.strip)))

    ranges = draw(st.none() | arrays(np.float64, (inputs, 2), elements=FINITE))
    return Model(
        network=Network(layers),
        features=names(inputs),
        targets=names(outputs),
        feature_scale=draw(arrays(np.float64, inputs, elements=POSITIVE)),
        target_scale=draw(arrays(np.float64, outputs, elements=POSITIVE)),
        feature_range=None if ranges is None else np.sort(ranges, axis=1),
        training=draw(st.none() | RECORDS),
    )
