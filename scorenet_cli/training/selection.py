"""Cross-validation, and the choice of a training by it: `optimizer=auto`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from scorenet_cli.core import Array, metrics
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

# With fewer rows there is nothing to choose by.
MIN_ROWS = 10
FOLDS = 5
# Hidden layers compared, the simplest first.
SIZES: tuple[tuple[int, ...], ...] = ((), (3,), (8,))
# Rows that a size is chosen on, where there are more.
SAMPLE_ROWS = 1000
# Starts of a training, and of each while sizes are compared: the last from the least-squares line.
STARTS, COMPARED_STARTS = 4, 2
# lm ends by itself before, as a rule; while sizes are compared it need not be exact.
EPOCHS, COMPARED_EPOCHS = 100, 30
# Of the best's mean squared error: so much more is no reason for a larger network.
MARGIN = 0.01
# Rows · parameters · epochs that take lm about 15 seconds; the fewest epochs where that is little.
MAX_WORK, MIN_EPOCHS = 500_000_000, 20
ADAM_EPOCHS = 300
# With so many rows for each parameter linear regression has nothing to gain from decay; one that
# changes no digit gives it intervals.
ROWS_PER_PARAMETER, NO_DECAY = 10, 1e-6
# A candidate is as good as the best where its mean squared error is no more than so many standard
# errors of their difference above it; with FEW_ROWS rows twice as many, as the choice is mostly
# chance there. On 14 tables made up or of scikit-learn half an error lost .01 of R2 to the best
# size, a whole one .02.
TIE, FEW_ROWS = 0.5, 30

# (part, inputs): the scores of a model of the part for inputs that it has not seen.
Predictor = Callable[[Dataset, Array], Array]


def train_table(
    table: Table, settings: Settings, callbacks: Callbacks[Model] | None = None
) -> FitResult:
    """Train a new network on a table's rows; choose how, and cross-validate, where asked for."""
    data = read_rows(table, settings)
    choice = validated = None
    if settings.optimizer == AUTO and len(data.inputs) < MIN_ROWS:
        settings = dataclasses.replace(settings, optimizer=None)
        check_settings(settings)
        words = f"{len(data.inputs)} rows are too few to choose by ({MIN_ROWS} are needed)"
        note = f"{words}: training as in the document."
        data = dataclasses.replace(data, notes=(*data.notes, note))
    if settings.optimizer == AUTO:
        choice, validated = choose(table, data, settings, callbacks)
    plan = plan_rows(table, data, choice.settings if choice else settings)
    if settings.folds is not None:
        validated = cross_validate(table, data, settings, callbacks)
    del table  # its text may take as much memory as the rows
    return fit(plan, callbacks, choice, validated)


def choose(
    table: Table, data: Dataset, settings: Settings, callbacks: Callbacks[Model] | None = None
) -> tuple[Choice, Evaluation]:
    """Compare sizes of the hidden layers by cross-validation on at most SAMPLE_ROWS rows.

    From COMPARED_STARTS starts each: more take longer and choose no better. Returns the choice, and
    what to expect of it: each fold's rows are predicted by the size that is best on the others, so
    that no row's error chooses its own prediction. This is not fully nested, as `folds` with auto
    is: the models that choose have trained on the fold's rows, and settings_for has seen all rows.
    """
    seed = DEFAULT_SEED if settings.seed is None else settings.seed
    chosen_rows = np.random.default_rng((seed, 3)).permutation(len(data.inputs))[:SAMPLE_ROWS]
    sample = data.take(np.sort(chosen_rows))
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

        words = f"comparing {len(sizes)} sizes" if len(sizes) > 1 else "cross-validation"
        tell = _progress(callbacks, words, number * FOLDS, len(sizes) * FOLDS)
        outputs.append(out_of_fold(sample, FOLDS, seed, predictor, tell))
    baselines = _baselines_out_of_fold(sample, FOLDS, seed)
    varies = np.ptp(sample.scores, axis=0) > 0
    unit = np.where(varies, sample.scores.std(axis=0), 1.0)
    errors = [(((each - sample.scores) / unit) ** 2).mean(axis=1) for each in outputs]
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
    """Return the first of the candidates that is as good as the best, by errors of equal rows.

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
    raise AssertionError  # the best is as good as itself


def settings_for(data: Dataset, settings: Settings, hidden: tuple[int, ...]) -> Settings:
    """Complete the settings of auto for one size of the hidden layers, as they are without auto.

    What is given is kept. Where lm's equations are too large: adam, with validation.
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

    All that is fitted or chosen is so in the training part: scaling, fill, decay, the best of
    several starts, and with `optimizer=auto` the size.
    """
    count = settings.folds or FOLDS
    if len(data.inputs) < count:
        raise DataError(f"{data.source}: {len(data.inputs)} rows cannot be cut into {count} folds.")
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
    """Yield, for each fold, the rows that are kept and those that are held out, in their order."""
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
    """Predict each fold's rows by the others: scores (rows, targets)."""
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
            if name in data.categories:  # one that the part does not know is none
                unseen.inputs[:, where] *= np.ptp(part.inputs[:, where], axis=0) > 0
        yield part, unseen.inputs, held_out


def _baselines_out_of_fold(data: Dataset, count: int, seed: int) -> tuple[Array, Array]:
    """Predict each fold's rows by the others' mean, and by linear regression on them."""
    mean, linear = np.empty_like(data.scores), np.empty_like(data.scores)
    for part, inputs, held_out in _parts(data, count, seed):
        found = metrics.fit_baselines(part.inputs, part.scores)
        mean[held_out], linear[held_out] = found.predict_mean(inputs), found.predict_linear(inputs)
    return mean, linear


def _evaluation(data: Dataset, predicted: Array, mean: Array, linear: Array) -> Evaluation:
    """Measure predictions out of fold beside the baselines'."""
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
    """Return a function that tells how many of the fits are done."""

    def tell(done: int) -> None:
        if callbacks is not None and callbacks.choosing is not None:
            callbacks.choosing(words, before + done, total)

    return tell
