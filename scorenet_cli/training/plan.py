"""Make a training plan from settings, rows and, for --resume, a model."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, get_args

import numpy as np

from scorenet_cli import files
from scorenet_cli.core import Array, network
from scorenet_cli.core.activations import ACTIVATIONS
from scorenet_cli.core.arrays import largest_absolute
from scorenet_cli.core.metrics import blocks
from scorenet_cli.core.network import InitName, Network
from scorenet_cli.core.optimizers import OPTIMIZERS
from scorenet_cli.core.optimizers.levenberg_marquardt import seconds_per_step
from scorenet_cli.core.optimizers.line_start import line_start
from scorenet_cli.data import dataset
from scorenet_cli.data.columns import scale_inputs
from scorenet_cli.data.csv_table import Table
from scorenet_cli.data.dataset import Dataset, MissingName
from scorenet_cli.errors import DataError, ModelError, OptionError
from scorenet_cli.model import json_file
from scorenet_cli.model.model import Model, overflow_error, to_outputs
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.text import listed, quoted
from scorenet_cli.training import loop
from scorenet_cli.training.loop import ScaledData
from scorenet_cli.training.settings import (
    AUTO,
    DEFAULT_EPOCHS,
    DEFAULT_HIDDEN,
    DEFAULT_MAX_SCORE,
    DEFAULT_OPTIMIZER,
    DEFAULT_SEED,
    OUTPUT_ACTIVATIONS,
    Settings,
)

MIN_ROWS_TO_SPLIT = 2
# Announce an epoch of lm that takes longer than this many seconds.
MIN_SECONDS_TO_TELL = 10
# Record fields reset when the optimizer changes.
_WITHOUT_OPTIMIZER: dict[str, Any] = {"state": None, "learning_rate": None, "batch_size": None}
# Maximum parameters for snapshots.
MAX_SNAPSHOT_PARAMETERS = 200
# Maximum parameters: a larger model file would exceed 256 MB.
MAX_PARAMETERS = 10_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingPlan:
    """The networks, rows and optimizer of a run, with notes and warnings for the user.

    data are the training rows. The epoch and the start are chosen on validation_rows, and nothing
    on test_rows (with several starts and a validation). model is the model before training,
    networks the starts; options are the optimizer's; record holds what is known before the run.
    """

    settings: Settings
    data: Dataset
    validation_rows: Dataset | None
    test_rows: Dataset | None
    model: Model
    networks: tuple[Network, ...]
    optimizer: str
    options: dict[str, Any]
    record: TrainingRecord
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def epochs(self) -> int:
        """Number of epochs to train."""
        return DEFAULT_EPOCHS if self.settings.epochs is None else self.settings.epochs

    @property
    def snapshots(self) -> int:
        """Number of snapshots to keep; by default, as many as the resumed model has."""
        return self.settings.snapshots or len(self.model.snapshots)

    @property
    def is_side_by_side(self) -> bool:
        """Whether all networks share one pass; with a validation each needs its own."""
        return OPTIMIZERS[self.optimizer].side_by_side and self.validation_rows is None

    @property
    def rows(self) -> int:
        """Number of rows read: those trained on and those held out."""
        parts = (self.data, self.validation_rows, self.test_rows)
        return sum(len(part.inputs) for part in parts if part is not None)


def make_plan(table: Table, settings: Settings, resumed: Model | None = None) -> TrainingPlan:
    """Plan new networks for a table's rows, or continue training a model.

    Call check_settings first, so that invalid settings fail before rows are read.
    """
    if resumed is None:
        return plan_rows(table, read_rows(table, settings), settings)
    return _resumed_plan(table, settings, resumed)


def plan_rows(table: Table, data: Dataset, settings: Settings) -> TrainingPlan:
    """Plan new networks for data, which are rows of the table."""
    hidden = DEFAULT_HIDDEN if settings.hidden is None else settings.hidden
    shape = (data.inputs.shape[1], *hidden, data.scores.shape[1])
    bias = settings.bias or False
    if network.count_parameters(shape, bias=bias) > MAX_PARAMETERS:  # before drawing weights
        raise OptionError(
            f"is too large: more than {MAX_PARAMETERS:,} parameters.", option="hidden"
        )
    seed = DEFAULT_SEED if settings.seed is None else settings.seed
    init = settings.init or "normal"
    networks = tuple(
        network.random_network(
            shape,
            seed=each,
            init=init,
            bias=bias,
            activation=settings.activation or "sigmoid",
            output_activation=settings.output_activation or "sigmoid",
        )
        for each in range(seed, seed + settings.restarts)
    )
    record = TrainingRecord(seed=seed, split_seed=seed, init=init)
    return _new_plan(table, data, settings, networks, record)


def _new_plan(
    table: Table,
    data: Dataset,
    settings: Settings,
    networks: tuple[Network, ...],
    record: TrainingRecord,
) -> TrainingPlan:
    """Plan networks with the scaling of their training rows."""
    max_scores = highest_scores(data, settings)
    data = _check_targets(table, data, settings, networks[0], max_scores)
    seed = DEFAULT_SEED if record.split_seed is None else record.split_seed
    parts = _split(data, settings.validation, seed, restarts=settings.restarts)
    standardize = settings.standardize or False
    model = initial_model(networks[0], parts[0], max_scores, standardize=standardize)
    if settings.weight_decay == AUTO and settings.restarts > 1:
        networks = (*networks[:-1], line_start(networks[-1], *scaled_rows(model, parts[0])))
    optimizer = settings.optimizer or DEFAULT_OPTIMIZER
    return _with_optimizer(
        TrainingPlan(settings, *parts, model, networks, optimizer, {}, record, data.notes)
    )


def _resumed_plan(table: Table, settings: Settings, old: Model) -> TrainingPlan:
    """Plan to continue training a model, with its columns and its scaling."""
    if old.is_weights_only:
        return _plan_from_weights(table, settings, old.network)
    before = old.training or TrainingRecord()
    table = dataset.name_columns(table, old.features, old.targets)
    data = model_rows(old, table, settings.missing or "skip")
    if has_sigmoid_output(old.network):
        hint = (
            "The highest possible score is that of the resumed model: train a new one with "
            "`max_score`."
        )
        dataset.check_scores(table, data, old.target_scale, hint=hint)
    notes: tuple[str, ...] = data.notes
    warnings: tuple[str, ...] = ()
    if before.sha256 not in {None, data.sha256}:
        if before.validation is not None:
            raise DataError(
                f"{data.source}: the model was trained and validated on other data "
                f"({before.data or 'another file'}), so its validation rows cannot be separated "
                "from its training rows here. Train a new model on these rows."
            )
        warnings = (f"the model was trained on other data: {before.data or 'another file'}.",)
        if before.state is not None:
            words = "the rows differ from those of the last run"
            notes += (f"{words}: the optimizer starts with fresh state.",)
            before = dataclasses.replace(before, state=None)
    if before.best_epoch not in {None, before.epochs}:
        notes += (f"training continues from epoch {before.best_epoch:,}, the one that was kept.",)
    seeds = (before.split_seed, before.seed, DEFAULT_SEED)
    split_seed = next(seed for seed in seeds if seed is not None)
    seed = settings.seed if before.seed is None else before.seed
    before = dataclasses.replace(before, split_seed=split_seed, seed=seed)
    # Keep the validation rows held out when --validation is omitted on resume.
    settings = dataclasses.replace(settings, validation=settings.validation or before.validation)
    parts = _split(data, settings.validation, split_seed, restarts=before.restarts or 1)
    optimizer = settings.optimizer or before.optimizer or DEFAULT_OPTIMIZER
    plan = TrainingPlan(
        settings, *parts, old, (old.network,), optimizer, {}, before, notes, warnings
    )
    return _with_optimizer(plan)


def model_rows(model: Model, table: Table, missing: MissingName = "skip") -> Dataset:
    """Read a model's columns from a table with column names, encoded as in its training."""
    return dataset.read_model_rows(
        table,
        model.features,
        model.targets,
        categories=model.categories,
        classes=model.classes,
        fill=model.fill,
        missing=missing,
    )


def _plan_from_weights(table: Table, settings: Settings, network: Network) -> TrainingPlan:
    """Plan training from given weights, with the scaling of the training rows as in a new run."""
    data = read_rows(table, settings)
    inputs, outputs = data.inputs.shape[1], data.scores.shape[1]
    if (network.shape[0], network.shape[-1]) != (inputs, outputs):
        raise DataError(
            f"{data.source}: to match these weights, the number of inputs must be "
            f"{network.shape[0]} and the number of outputs {network.shape[-1]}, but the chosen "
            f"columns give {inputs} and {outputs}. Choose others with `features` and `target`."
        )
    record = TrainingRecord(seed=settings.seed, split_seed=DEFAULT_SEED)
    return _new_plan(table, data, settings, (network,), record)


def _check_columns(settings: Settings) -> None:
    """Raise OptionError for a column that is named twice, or both chosen and ignored."""
    for option in ("features", "target"):
        names = getattr(settings, option) or ()
        if twice := [name for name in names if names.count(name) > 1]:
            raise OptionError(f"names column {quoted(twice[0])} twice.", option=option)
        if both := [name for name in names if name in (settings.ignore or ())]:
            raise OptionError(f"column {quoted(both[0])} is both in `{option}` and in `ignore`.")
    if both := [name for name in settings.features or () if name in (settings.target or ())]:
        raise OptionError(
            f"column {quoted(both[0])} is both a target and a feature. Leave it out of `features`."
        )


def check_settings(settings: Settings, resumed: Model | None = None) -> None:
    """Raise OptionError for settings that exclude each other or contradict the resumed model.

    Raises ModelError if the model was trained with an unknown optimizer.
    """
    record = TrainingRecord() if resumed is None else resumed.training or TrainingRecord()
    optimizer = settings.optimizer or record.optimizer or DEFAULT_OPTIMIZER
    _check_columns(settings)
    if optimizer not in {AUTO, *OPTIMIZERS}:
        if settings.optimizer is None:
            raise ModelError(
                f"the model was trained with {quoted(optimizer)}, which is not a known optimizer. "
                f"Choose an `optimizer`: {', '.join(OPTIMIZERS)}."
            )
        raise OptionError(
            f"expects one of {', '.join([AUTO, *OPTIMIZERS])}; got {quoted(str(optimizer))}.",
            option="optimizer",
        )
    if settings.max_score is not None and settings.output_activation == "linear":
        raise OptionError(
            "has no effect with `output_activation=linear`. Leave it out.", option="max_score"
        )
    for option, known in (
        ("activation", tuple(ACTIVATIONS)),
        ("output_activation", OUTPUT_ACTIVATIONS),
        ("missing", get_args(MissingName)),
        ("init", get_args(InitName)),
    ):
        if getattr(settings, option) not in {None, *known}:
            raise OptionError(
                f"expects one of {', '.join(known)}; got {quoted(str(getattr(settings, option)))}.",
                option=option,
            )
    _check_optimizer(settings, optimizer)
    if settings.patience is not None and (settings.validation or record.validation) is None:
        raise OptionError(
            "needs `validation`, whose rows show whether an epoch is an improvement.",
            option="patience",
        )
    if resumed is not None:
        _check_agrees(settings, resumed)


def _check_optimizer(settings: Settings, optimizer: str) -> None:
    """Raise OptionError for settings of other optimizers, and for a decay of auto without lm."""
    takes = {"weight_decay"} if optimizer == AUTO else OPTIMIZERS[optimizer].options
    for option in {name for each in OPTIMIZERS.values() for name in each.options}:
        if getattr(settings, option) is not None and option not in takes:
            raise OptionError(
                f"has no effect with `optimizer={optimizer}`. Leave it out.", option=option
            )
    if settings.weight_decay == AUTO and optimizer not in {AUTO, "lm"}:
        raise OptionError(
            f"auto needs `optimizer=lm`; `optimizer={optimizer}` takes a number.",
            option="weight_decay",
        )


def _check_agrees(settings: Settings, model: Model) -> None:
    """Raise OptionError for a setting that contradicts the resumed model."""
    record = model.training
    is_trained_on_all = record is not None and record.validation is None and record.epochs > 0
    if settings.validation is not None and is_trained_on_all:
        raise OptionError(
            "cannot be added with `resume`: the model was already trained on all rows. Train a "
            "new model with `validation`.",
            option="validation",
        )
    hidden = model.network.layers[:-1]
    of_rows = {
        "features": model.features,
        "target": model.targets,
        "max_score": tuple(model.target_scale.tolist()),
        "standardize": model.feature_offset is not None,
        "ignore": (),
    }
    has = ({} if model.is_weights_only else of_rows) | {
        "hidden": model.network.shape[1:-1],
        "bias": all(layer.bias is not None for layer in model.network.layers),
        "activation": hidden[0].activation if hidden else None,
        "output_activation": model.network.layers[-1].activation,
        "init": record and record.init,
        "seed": record and record.seed,
        "validation": record and record.validation,
    }
    if settings.max_score is not None and len(settings.max_score) == 1:
        settings = dataclasses.replace(settings, max_score=settings.max_score * len(model.targets))
    for option, value in has.items():
        unknown = value is None and option in {"seed", "validation"}  # contradicts nothing
        if getattr(settings, option) not in {None, value} and not unknown:
            raise OptionError(
                "cannot be changed with `resume`. Leave it out.",
                option=option,
            )


def read_rows(table: Table, settings: Settings) -> Dataset:
    """Read the columns that the settings choose."""
    return dataset.read_dataset(
        table,
        features=settings.features,
        targets=settings.target,
        ignore=settings.ignore or (),
        missing=settings.missing or "skip",
    )


def _check_targets(
    table: Table, data: Dataset, settings: Settings, network: Network, max_scores: Array
) -> Dataset:
    """Check that the output can represent the scores; add a note if it is a probability."""
    if not has_sigmoid_output(network):
        if data.classes:
            raise OptionError(
                f"cannot be linear for text targets ({listed([*data.classes])}): the outputs are "
                "class probabilities. Leave it out.",
                option="output_activation",
            )
        return data
    dataset.check_scores(table, data, max_scores)
    probable = [
        name
        for name, is_one in zip(data.output_names, _are_probabilities(data, settings), strict=True)
        if is_one and name in data.targets
    ]
    notes = _note_small_scores(data, max_scores)
    if probable:
        words = "are all 0 or 1: the predicted score is a probability (`max_score=1`)."
        notes += (f"the scores of {listed(probable)} {words}",)
    return dataclasses.replace(data, notes=data.notes + notes)


def _note_small_scores(data: Dataset, max_scores: Array) -> tuple[str, ...]:
    """Suggest a lower `max_score` if a target uses less than half of its range."""
    targets = [n for n, name in enumerate(data.output_names) if name in data.targets]
    largest = data.scores.max(axis=0)
    small = [n for n in targets if 0 < largest[n] < max_scores[n] / 2]
    if not small:
        return ()
    better = [nice_above(largest[n]) if n in small else max_scores[n] for n in targets]
    shown = better[:1] if len(set(better)) == 1 else better
    advice = " ".join(f"`max_score={each:g}`" for each in shown)
    names = listed([data.output_names[n] for n in small])
    words = (
        f"the scores of {names} use less than half of the range 0 to {max_scores[small].max():g}"
    )
    return (f"{words}. Try {advice}.",)


def nice_above(value: float) -> float:
    """Return the smallest of 1, 2, 4, 5, 10 times a power of ten that is at least value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(times * power for times in (1, 2, 4, 5, 10) if times * power >= value)


def _are_probabilities(data: Dataset, settings: Settings) -> list[bool]:
    """Return whether each output holds 0 and 1, and no others, if no `max_score` is given."""
    return [
        settings.max_score is None
        and bool(((scores == 0) | (scores == 1)).all() and np.ptp(scores) == 1)
        for scores in data.scores.T
    ]


def highest_scores(data: Dataset, settings: Settings) -> Array:
    """Return the highest possible score of each output, 1 for a probability; (outputs,)."""
    scores = settings.max_score or (DEFAULT_MAX_SCORE,)
    targets = [name for name in data.targets if name not in data.classes] or data.targets
    if len(scores) not in {1, len(targets)}:
        raise OptionError(
            f"expects one number, or one for each of {len(targets)} targets; got {len(scores)}.",
            option="max_score",
        )
    largest = dict(zip(targets, scores * (len(targets) // len(scores)), strict=True))
    is_one = _are_probabilities(data, settings)
    return np.array(
        [
            1.0 if one else largest.get(name, 1.0)
            for one, name in zip(is_one, data.output_names, strict=True)
        ]
    )


def initial_model(
    network: Network, data: Dataset, max_scores: Array, *, standardize: bool = False
) -> Model:
    """Make a model of a network, with a dataset's names and scales; max_scores are (outputs,).

    A linear output does not use max_scores: its target is standardized.
    """
    feature_offset, target_offset, target_scale = None, None, max_scores
    if standardize:
        feature_offset, feature_scale = _standard(data.inputs)
    else:
        feature_scale = largest_absolute(data.inputs)
    if not has_sigmoid_output(network):
        target_offset, target_scale = _standard(data.scores)
    return Model(
        network=network,
        features=data.features,
        targets=data.targets,
        feature_scale=feature_scale,
        target_scale=target_scale,
        feature_offset=feature_offset,
        target_offset=target_offset,
        categories=data.categories,
        classes=data.classes,
        fill=data.fill,
    )


def _standard(values: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of each column, 1 for a constant one."""
    unit = largest_absolute(values)  # so that no sum overflows
    mean, deviation = np.empty((2, len(unit)))
    scaled = np.empty(len(values))  # one column at a time, to save memory
    for number, column in enumerate(values.T):
        np.divide(column, unit[number], out=scaled)
        mean[number] = scaled.mean()
        scaled -= mean[number]
        deviation[number] = np.sqrt(np.square(scaled, out=scaled).mean())
    return mean * unit, np.where(deviation > 0, deviation * unit, 1.0)


def has_sigmoid_output(network: Network) -> bool:
    """Return whether the output is a sigmoid, which limits scores to 0 to the highest possible."""
    return network.layers[-1].activation == "sigmoid"


def is_linear_regression(network: Network) -> bool:
    """Return whether the network can give no other scores than linear regression."""
    return len(network.layers) == 1 and network.layers[0].activation == "linear"


def scaled_rows(model: Model, data: Dataset) -> ScaledData:
    """Scale inputs (rows, features) and actual scores (rows, targets) as the model does.

    Raises DataError if a value is too large for its scale.
    """
    return ScaledData(*(part[:] for part in rows_to_scale(model, data)))


def rows_to_scale(model: Model, data: Dataset) -> tuple[ScaledInParts, ScaledInParts]:
    """Return inputs and actual scores that are scaled, as by scaled_rows, when they are sliced."""

    def scale(inputs: Array) -> Array:
        scaled = scale_inputs(inputs, model.feature_scale, "training", model.feature_offset)
        if not np.isfinite(scaled).all():
            raise overflow_error(inputs[~np.isfinite(scaled).all(axis=1)][0].tolist())
        return scaled

    return ScaledInParts(data.inputs, scale), ScaledInParts(data.scores, partial(to_outputs, model))


@dataclasses.dataclass(frozen=True, eq=False)
class ScaledInParts:
    """Rows that are scaled part by part, so that no scaled copy of all rows takes memory."""

    rows: Array
    scale: Callable[[Array], Array]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)

    def __getitem__(self, part: slice, /) -> Array:
        """Return some of the rows, scaled."""
        return self.scale(self.rows[part])


def scaled_blocks(model: Model, data: Dataset) -> Iterator[ScaledData]:
    """Scale rows as scaled_rows does, in blocks that take little memory."""
    inputs, actual = rows_to_scale(model, data)
    for rows in blocks(len(inputs)):
        yield ScaledData(inputs[rows], actual[rows])


def _split(
    data: Dataset, fraction: float | None, seed: int, *, restarts: int
) -> tuple[Dataset, Dataset | None, Dataset | None]:
    """Split the rows into training, validation and test rows.

    With several starts, half of the held-out rows are test rows, on which nothing is chosen.
    """
    if fraction is None:
        return data, None, None
    rows = len(data.inputs)
    if rows < MIN_ROWS_TO_SPLIT:
        raise DataError(
            f"{data.source}: `validation` needs at least {MIN_ROWS_TO_SPLIT} rows; got {rows}. "
            "Leave it out."
        )
    kept, held_out = loop.split(rows, fraction, seed)
    data = data.fill_from(kept)
    if restarts == 1 or len(held_out) < MIN_ROWS_TO_SPLIT:
        return data.take(kept), data.take(held_out), None
    return data.take(kept), data.take(held_out[::2]), data.take(held_out[1::2])


def _with_optimizer(plan: TrainingPlan) -> TrainingPlan:
    """Set the optimizer's options: as given, else the resumed run's, else the defaults."""
    optimizer, before, warnings = OPTIMIZERS[plan.optimizer], plan.record, plan.warnings
    _check_size(plan)
    if before.optimizer not in {None, plan.optimizer}:
        change = (
            f"the model was trained with {before.optimizer}; {plan.optimizer} starts with fresh"
        )
        warnings += (f"{change} optimizer state.",)
        decay = None if before.weight_decay == AUTO else before.weight_decay
        before = dataclasses.replace(before, **_WITHOUT_OPTIMIZER, weight_decay=decay)
    options: dict[str, Any] = dict(optimizer.options)
    if not has_sigmoid_output(plan.model.network):
        options |= optimizer.linear_options
    for name, default in options.items():
        given = getattr(plan.settings, name)
        known = getattr(before, name, None)  # the resumed run's value, if recorded
        options[name] = next(each for each in (given, known, default) if each is not None)
    if optimizer.check is not None:
        optimizer.check(plan.model.network, len(plan.data.inputs), **options)
    settings, names = plan.settings, {name for each in OPTIMIZERS.values() for name in each.options}
    used: dict[str, Any] = {name: options.get(name) or None for name in names & vars(before).keys()}
    record = dataclasses.replace(
        before,
        **used,
        optimizer=plan.optimizer,
        validation=settings.validation,
        restarts=settings.restarts if settings.restarts > 1 else before.restarts,
    )
    return dataclasses.replace(
        plan,
        options=options,
        notes=plan.notes + _use_of_held_out(plan) + _cost(plan),
        warnings=(*warnings, *_nothing_to_learn(plan.data)),
        record=record,
    )


def _check_size(plan: TrainingPlan) -> None:
    """Raise OptionError for a network that is too large for snapshots, or for a model file."""
    parameters = plan.model.network.parameters
    if plan.snapshots and parameters > MAX_SNAPSHOT_PARAMETERS:
        raise OptionError(
            f"is for networks of up to {MAX_SNAPSHOT_PARAMETERS} parameters; this one has "
            f"{parameters:,}. Leave it out.",
            option="snapshots",
        )
    state = OPTIMIZERS[plan.optimizer].state_numbers * parameters
    if json_file.largest_size(parameters, state) > files.MAX_MODEL_BYTES:
        raise OptionError(
            f"is too large: with {parameters:,} parameters, a model trained with {plan.optimizer} "
            f"may exceed {files.MAX_MODEL_BYTES // 1_000_000} MB, the size limit of a model file.",
            option="hidden",
        )


def _nothing_to_learn(data: Dataset) -> Iterator[str]:
    """Warn about targets that never vary, and about inputs that are always 0."""
    outputs = zip(data.output_names, data.scores.T, strict=True)
    inputs = zip(data.input_names, data.inputs.T, strict=True)
    constant = [name for name, column in outputs if np.ptp(column) == 0]
    if constant and len(data.scores) > 1:
        words = "every row has the same score, so there is nothing to learn"
        yield f"{listed(constant)}: {words}. Choose another `target`."
    if zero := [name for name, column in inputs if not column.any()]:
        yield f"nothing can be learned from inputs that are 0 in every row: {listed(zero)}."


def _cost(plan: TrainingPlan) -> tuple[str, ...]:
    """Return a note on how long an epoch of lm takes, if that is long."""
    rows, network = len(plan.data.inputs), plan.model.network
    if plan.optimizer != "lm" or (seconds := seconds_per_step(network, rows)) < MIN_SECONDS_TO_TELL:
        return ()
    size = f"{rows:,} rows, {network.parameters:,} parameters"
    words = f"an epoch of lm takes about {seconds:,.0f} s ({size})"
    return (f"{words}; `optimizer=adam` needs more epochs, each far shorter.",)


def _use_of_held_out(plan: TrainingPlan) -> tuple[str, ...]:
    """Return the note on how the held-out rows are used."""
    if plan.validation_rows is None:
        return ()
    count = len(plan.validation_rows.inputs)
    if plan.test_rows is not None:
        words = f"validation rows, to choose the epoch and the start: {count}"
        return (f"{words}; test rows, to measure the fit: {len(plan.test_rows.inputs)}.",)
    chosen = "the epoch and start to keep are" if len(plan.networks) > 1 else "the epoch to keep is"
    rows = f"{count} validation {'row' if count == 1 else 'rows'}"
    return (f"{chosen} chosen on the {rows}: expect a slightly worse fit on new rows.",)
