"""Cross-validation, and the choice of a training by it: `optimizer=auto`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from scorenet_cli.core import Array, metrics
from scorenet_cli.core.arrays import largest_absolute
from scorenet_cli.core.metrics import Evaluation
from scorenet_cli.core.network import count_parameters
from scorenet_cli.core.optimizers.levenberg_marquardt import MAX_EVIDENCE_PARAMETERS
from scorenet_cli.data.columns import positions
from scorenet_cli.data.csv_table import Table
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.errors import DataError
from scorenet_cli.model.model import Model, predict_inputs
from scorenet_cli.training.fit import Choice, FitResult, class_fits, fit, train_model
from scorenet_cli.training.loop import Callbacks
from scorenet_cli.training.plan import check_settings, highest_scores, plan_rows, read_rows
from scorenet_cli.training.settings import AUTO, DEFAULT_SEED, Settings

# Minimum rows for a comparison.
MIN_ROWS = 10
FOLDS = 5
# Hidden layers compared, the simplest first.
SIZES: tuple[tuple[int, ...], ...] = ((), (3,), (8,))
# Maximum rows used for the comparison.
SAMPLE_ROWS = 1000
# Starts of the final training, and per size during the comparison; the last one is line_start.
STARTS, COMPARED_STARTS = 4, 2
# Maximum epochs; lm usually converges earlier. The comparison needs less accuracy.
EPOCHS, COMPARED_EPOCHS = 100, 30
# A smaller network is kept if its mean squared error exceeds the best by at most this fraction.
MARGIN = 0.01
# Maximum of rows · parameters · epochs (about 15 seconds of lm), and the minimum number of epochs.
MAX_WORK, MIN_EPOCHS = 500_000_000, 20
ADAM_EPOCHS = 300
# With this many rows per parameter, linear regression needs no weight decay; NO_DECAY is too small
# to change the result but makes intervals possible.
ROWS_PER_PARAMETER, NO_DECAY = 10, 1e-6
# A candidate is as good as the best if its mean squared error is at most TIE standard errors of the
# paired difference higher (2 x TIE at FEW_ROWS rows, where the choice is mostly chance). On 14
# tables (synthetic, and from scikit-learn) half a standard error lost .01 of R2 against the best
# size, a whole one .02.
TIE, FEW_ROWS = 0.5, 30

# (part, inputs): the scores that a model trained on the part predicts for other inputs.
Predictor = Callable[[Dataset, Array], Array]


def train_table(
    table: Table, settings: Settings, callbacks: Callbacks[Model] | None = None
) -> FitResult:
    """Train a new network on a table's rows, with auto and cross-validation if requested."""
    data = read_rows(table, settings)
    choice = validated = None
    if settings.optimizer == AUTO and len(data.inputs) < MIN_ROWS:
        settings = dataclasses.replace(settings, optimizer=None)
        check_settings(settings)
        words = f"`optimizer=auto` needs at least {MIN_ROWS} rows; got {len(data.inputs)}"
        note = f"{words}. Training with gd, as in the document."
        data = dataclasses.replace(data, notes=(*data.notes, note))
    if settings.optimizer == AUTO:
        choice, validated = choose(table, data, settings, callbacks)
    plan = plan_rows(table, data, choice.settings if choice else settings)
    if settings.folds is not None:
        validated = cross_validate(table, data, settings, callbacks)
    del table  # free the table: its text may take as much memory as the rows
    return fit(plan, callbacks, choice, validated)


def choose(
    table: Table, data: Dataset, settings: Settings, callbacks: Callbacks[Model] | None = None
) -> tuple[Choice, Evaluation]:
    """Compare sizes of the hidden layers by cross-validation on at most SAMPLE_ROWS rows.

    Each size is trained from COMPARED_STARTS starts; more take longer and do not improve the
    choice. Returns the choice and its evaluation: each fold is predicted with the size that is best
    on the other folds, so no row's error chooses its own prediction. Unlike `folds` with auto, this
    is not fully nested: the models that choose were trained on the rows of the fold, and
    settings_for uses all rows.
    """
    seed = DEFAULT_SEED if settings.seed is None else settings.seed
    order = np.random.default_rng((seed, 3)).permutation(len(data.inputs))
    sample = data.take(np.sort(order[:SAMPLE_ROWS]))
    del order  # it may be as large as a column
    sizes = SIZES if settings.hidden is None else (settings.hidden,)
    candidates = [settings_for(data, settings, size) for size in sizes]
    outputs = []
    for number, candidate in enumerate(candidates):
        restarts = min(candidate.restarts, COMPARED_STARTS)
        quick = dataclasses.replace(candidate, restarts=restarts, snapshots=None)
        if settings.epochs is None and candidate.optimizer == "lm":
            quick = dataclasses.replace(quick, epochs=COMPARED_EPOCHS)

        def predictor(part: Dataset, inputs: Array, quick: Settings = quick) -> Array:
            return predict_inputs(train_model(plan_rows(table, part, quick)), inputs).scores

        words = "comparing hidden layers"
        tell = _progress(callbacks, words, number * FOLDS, len(sizes) * FOLDS)
        outputs.append(out_of_fold(sample, FOLDS, seed, predictor, tell))
    baselines = _baselines_out_of_fold(sample, FOLDS, seed)
    varies = np.ptp(sample.scores, axis=0) > 0
    largest = largest_absolute(sample.scores)  # scores near it have squares that overflow
    unit = np.where(varies, (sample.scores / largest).std(axis=0), 1.0) * largest
    errors = [
        np.maximum((((each - sample.scores) / unit) ** 2).mean(axis=1), metrics.ROUNDING**2)
        for each in outputs  # errors that are only rounding are equal
    ]
    predicted = np.empty_like(sample.scores)
    for kept, held_out in folds(len(sample.inputs), FOLDS, seed):
        predicted[held_out] = outputs[simplest([each[kept] for each in errors])][held_out]
    compared = tuple(
        (size, metrics.compare_scores(each, *baselines, sample.scores))
        for size, each in zip(sizes, outputs, strict=True)
    )
    choice = Choice(compared, len(sample.inputs), candidates[simplest(errors)])
    return choice, _evaluation(sample, predicted, *baselines)


def simplest(errors: list[Array]) -> int:
    """Return the index of the first candidate that is as good as the best, comparing row by row.

    errors holds each candidate's squared errors (rows,), the simplest candidate first.
    """
    best = min(errors, key=np.mean)
    for number, each in enumerate(errors):
        worse = each - best
        tie = TIE * (1 + FEW_ROWS / len(worse))
        if worse.mean() <= max(
            tie * worse.std() / np.sqrt(len(worse)), MARGIN * float(best.mean())
        ):
            return number
    raise AssertionError  # unreachable: the best candidate always qualifies


def settings_for(data: Dataset, settings: Settings, hidden: tuple[int, ...]) -> Settings:
    """Return explicit settings that replace auto for one size of the hidden layers.

    Given settings are kept. If lm's equations would be too large, adam with validation is used.
    """
    highest = highest_scores(data, settings)
    is_score = bool(
        (data.scores >= 0).all()
        and (data.scores <= highest).all()
        and (data.scores.max(axis=0) >= highest / 2).all()
    )
    is_sigmoid = is_score or bool(data.classes) or settings.max_score is not None
    shape = (data.inputs.shape[1], *hidden, data.scores.shape[1])
    parameters = count_parameters(shape, bias=True)
    is_small = parameters <= MAX_EVIDENCE_PARAMETERS
    epochs = min(max(MAX_WORK // (len(data.inputs) * parameters), MIN_EPOCHS), EPOCHS)
    starts = min(max(MAX_WORK // (len(data.inputs) * parameters * epochs), 1), STARTS)
    is_line = not (hidden or is_sigmoid) and len(data.inputs) >= ROWS_PER_PARAMETER * parameters
    proposed = {
        "optimizer": "lm" if is_small else "adam",
        "output_activation": None if is_sigmoid else "linear",
        "bias": True,
        "standardize": True,
        "init": "scaled",
        "epochs": epochs if is_small else ADAM_EPOCHS,
        "weight_decay": NO_DECAY if is_line else AUTO if is_small else None,
        "validation": None if is_small else 0.2,
        "patience": None if is_small else 20,
    }
    given = {name: value for name, value in vars(settings).items() if value is not None}
    fixed = {"optimizer": proposed["optimizer"], "hidden": hidden, "folds": None}
    changes = proposed | given | fixed
    if is_small and settings.restarts == 1 and hidden:
        changes["restarts"] = starts
    completed = dataclasses.replace(settings, **changes)
    check_settings(completed)
    return completed


def cross_validate(
    table: Table, data: Dataset, settings: Settings, callbacks: Callbacks[Model] | None = None
) -> Evaluation:
    """Train on all folds but one, and predict that one, for each of `folds` folds.

    Everything is fitted or chosen on the training part only: scaling, fill, decay, the best of
    several starts, and with `optimizer=auto` the size.
    """
    count = settings.folds or FOLDS
    if len(data.inputs) < count:
        raise DataError(
            f"{data.source}: the number of rows, {len(data.inputs)}, is below the number of "
            f"folds, {count}. Use fewer `folds`, or more rows."
        )
    seed = DEFAULT_SEED if settings.seed is None else settings.seed

    def predictor(part: Dataset, inputs: Array) -> Array:
        chosen = settings
        if settings.optimizer == AUTO:
            chosen = choose(table, part, settings)[0].settings
        return predict_inputs(train_model(plan_rows(table, part, chosen)), inputs).scores

    tell = _progress(callbacks, "cross-validation", 0, count)
    predicted = out_of_fold(data, count, seed, predictor, tell)
    return _evaluation(data, predicted, *_baselines_out_of_fold(data, count, seed))


def folds(rows: int, count: int, seed: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield each fold's kept and held-out rows, both in their original order."""
    order = np.random.default_rng((seed, 4)).permutation(rows)
    for number in range(count):
        is_held_out = np.zeros(rows, dtype=bool)
        is_held_out[order[number::count]] = True
        yield np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def out_of_fold(
    data: Dataset,
    count: int,
    seed: int,
    predictor: Predictor,
    tell: Callable[[int], None],
) -> Array:
    """Predict each fold's rows from the other folds: scores (rows, targets)."""
    predicted = np.empty_like(data.scores)
    for number, (part, inputs, held_out) in enumerate(_parts(data, count, seed)):
        tell(number)
        predicted[held_out] = predictor(part, inputs)
    return predicted


def _parts(
    data: Dataset, count: int, seed: int
) -> Iterator[tuple[Dataset, Array, NDArray[np.intp]]]:
    """Yield, for each fold, the rows to train on, the inputs to predict, and their positions."""
    for kept, held_out in folds(len(data.inputs), count, seed):
        filled = data.fill_from(kept)
        part, unseen = filled.take(kept), filled.take(held_out)
        for name, where in positions(data.features, data.categories).items():
            if name in data.categories:  # a category absent from the training part is 0
                unseen.inputs[:, where] *= np.ptp(part.inputs[:, where], axis=0) > 0
        yield part, unseen.inputs, held_out


def _baselines_out_of_fold(data: Dataset, count: int, seed: int) -> tuple[Array, Array]:
    """Predict each fold's rows by the mean of the other folds, and by linear regression on them."""
    mean, linear = np.empty_like(data.scores), np.empty_like(data.scores)
    for part, inputs, held_out in _parts(data, count, seed):
        found = metrics.fit_baselines(part.inputs, part.scores)
        mean[held_out], linear[held_out] = found.predict_mean(inputs), found.predict_linear(inputs)
    return mean, linear


def _evaluation(data: Dataset, predicted: Array, mean: Array, linear: Array) -> Evaluation:
    """Evaluate predictions out of fold, compared with those of the baselines."""
    compared = (predicted, mean, linear, data.scores)
    return Evaluation(
        data.inputs,
        data.scores,
        predicted,
        metrics.compare_scores(*compared),
        metrics.compare_scores_each(*compared),
        classes=class_fits(data, predicted, data.scores.mean(axis=0)),
    )


def _progress(
    callbacks: Callbacks[Model] | None, words: str, before: int, total: int
) -> Callable[[int], None]:
    """Return a function that reports how many of the trainings are done."""

    def tell(done: int) -> None:
        if callbacks is not None and callbacks.choosing is not None:
            callbacks.choosing(words, before + done, total)

    return tell
