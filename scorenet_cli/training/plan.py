"""What scorenet train trains on what: a new network or a resumed one, and its rows."""

from __future__ import annotations

import dataclasses
from typing import cast, get_args

import numpy as np

from scorenet_cli.cli.messages import echo_error, warn
from scorenet_cli.cli.options import (
    DEFAULT_BATCH_SIZE,
    DEFAULT_HIDDEN,
    DEFAULT_LEARNING_RATES,
    DEFAULT_MAX_SCORE,
    DEFAULT_OPTIMIZER,
    DEFAULT_SEED,
)
from scorenet_cli.core import network
from scorenet_cli.core.network import Network
from scorenet_cli.core.optimizers import OPTIMIZERS
from scorenet_cli.data import csv_table, dataset
from scorenet_cli.data.csv_table import Table
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.errors import DataError, ModelError, OptionError
from scorenet_cli.model import document
from scorenet_cli.model.model import Model
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.text import listed, quoted
from scorenet_cli.training import fit, loop
from scorenet_cli.training.settings import OptimizerName, Options, parse_hidden

MIN_TO_SPLIT = 2
# A model file of more would pass the 256 MB that a model may have.
MAX_PARAMETERS = 10_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingPlan:
    """What is trained on what.

    validation_rows are the rows for validation; start is the model before training, networks the
    starts; facts are what the record knows before the run.
    """

    data: Dataset
    validation_rows: Dataset | None
    start: Model
    networks: tuple[Network, ...]
    optimizer: OptimizerName
    facts: TrainingRecord


def make_plan(options: Options, old: Model | None) -> TrainingPlan:
    """Read the rows, and make a new network for them or take the one that is resumed."""
    table = _read_table(options)
    job = _new_job(table, options) if old is None else _resumed_job(table, options, old)
    _note(job.data, options)
    return job


def _read_table(options: Options) -> Table:
    """Read the CSV, or the document's rows where none is named."""
    if options.csv is not None:
        return dataset.read_table(options.csv)
    return csv_table.make_table(document.ROWS_CSV, document.ROWS_SOURCE)


def _new_job(table: Table, options: Options) -> TrainingPlan:
    """Train new networks, made by the options, on the columns they choose."""
    data = dataset.read_dataset(table, features=options.features, targets=options.targets)
    hidden = options.hidden or parse_hidden(DEFAULT_HIDDEN)
    shape = (len(data.features), *hidden, len(data.targets))
    bias = options.bias or False
    if network.count_parameters(shape, bias=bias) > MAX_PARAMETERS:
        raise OptionError(
            f"`hidden`: the network would have more than {MAX_PARAMETERS:,} parameters."
        )
    seed = DEFAULT_SEED if options.seed is None else options.seed
    init = options.init or "normal"
    networks = tuple(
        network.random_network(
            shape, seed=each, init=init, bias=bias, activation=options.activation or "sigmoid"
        )
        for each in range(seed, seed + options.restarts)
    )
    max_score = options.max_score or DEFAULT_MAX_SCORE
    dataset.check_scores(table, data, np.full(len(data.targets), max_score))
    train_rows, validation_rows = _split(data, options, seed)
    start = fit.initial_model(networks[0], train_rows, max_score)
    facts = TrainingRecord(seed=seed, split_seed=seed, init=init)
    return _job(train_rows, validation_rows, start, networks, facts, options)


def _split(data: Dataset, options: Options, seed: int) -> tuple[Dataset, Dataset | None]:
    """Hold back rows for validation, where a part of them is asked for."""
    if options.validation is None:
        return data, None
    rows = len(data.inputs)
    if rows < MIN_TO_SPLIT:
        raise DataError(f"{data.source}: {rows} rows cannot be split. Leave `validation` out.")
    kept, validation_rows = loop.split(rows, options.validation, seed)
    return data.take(kept), data.take(validation_rows)


def _job(  # noqa: PLR0913, PLR0917 - a plan is these facts
    data: Dataset,
    validation_rows: Dataset | None,
    start: Model,
    networks: tuple[Network, ...],
    before: TrainingRecord,
    options: Options,
) -> TrainingPlan:
    """Settle the optimizer and its options: what is said, else the resumed run's, else usual."""
    optimizer = options.optimizer or before.optimizer or DEFAULT_OPTIMIZER
    if optimizer not in get_args(OptimizerName):
        raise ModelError(f"the model was trained by {quoted(optimizer)}. Say which `optimizer`.")
    if (check := OPTIMIZERS[optimizer].check) is not None:
        check(start.network, len(data.inputs))
    goes_on = before.optimizer == optimizer
    if before.optimizer is not None and not goes_on:
        warn(f"the model was trained by {before.optimizer}; {optimizer} starts afresh.")
        before = dataclasses.replace(before, state=None, learning_rate=None, batch_size=None)
    rate = options.learning_rate or before.learning_rate or DEFAULT_LEARNING_RATES.get(optimizer)
    batch_size = options.batch_size or before.batch_size or DEFAULT_BATCH_SIZE
    for option, given, takers in (
        ("`learning_rate`", options.learning_rate, {"gd", "adam"}),
        ("`batch_size`", options.batch_size, {"adam"}),
    ):
        if given is not None and optimizer not in takers:
            raise OptionError(f"{option} means nothing to `optimizer={optimizer}`. Leave it out.")
    facts = dataclasses.replace(
        before,
        optimizer=optimizer,
        learning_rate=None if optimizer == "lm" else rate,
        batch_size=batch_size if optimizer == "adam" else None,
        validation=options.validation,
        restarts=options.restarts if options.restarts > 1 else None,
    )
    return TrainingPlan(
        data=data,
        validation_rows=validation_rows,
        start=start,
        networks=networks,
        optimizer=cast("OptimizerName", optimizer),
        facts=facts,
    )


def _resumed_job(table: Table, options: Options, old: Model) -> TrainingPlan:
    """Go on with a model, its columns and its scaling; options may repeat what it is."""
    before = old.training or TrainingRecord()
    unscaled = bool((old.target_scale == 1.0).all())
    if unscaled and options.max_score is not None:  # weights alone, as the document saves them
        old = dataclasses.replace(old, target_scale=old.target_scale * options.max_score)
    hidden = old.network.layers[:-1]
    _check_agrees(
        {
            "`features`": (options.features, old.features),
            "`target`": (options.targets, old.targets),
            "`max_score`": (options.max_score, float(old.target_scale[0])),
            "`hidden`": (options.hidden, old.network.shape[1:-1]),
            "`bias`": (options.bias, all(layer.bias is not None for layer in old.network.layers)),
            "`activation`": (options.activation, hidden[0].activation if hidden else None),
            "`init`": (options.init, before.init),
            "`seed`": (options.seed, before.seed),
            "`validation`": (
                None if before.validation is None else options.validation,
                before.validation,
            ),
        }
    )
    table = dataset.name_columns(table, old.features, old.targets)
    dataset.model_columns(table, [*old.features, *old.targets])
    data = dataset.read_dataset(table, features=old.features, targets=old.targets)
    hint = None if unscaled else "The best score comes from the resumed model's target_scale."
    dataset.check_scores(table, data, old.target_scale, hint=hint)
    if before.sha256 not in {None, data.sha256}:
        warn(f"the model was trained on other data: {before.data or 'another file'}.")
    known = (seed for seed in (before.split_seed, before.seed) if seed is not None)
    before = dataclasses.replace(before, split_seed=next(known, DEFAULT_SEED))
    # Rows that were held back once are not to be learned from by leaving the option out.
    options = dataclasses.replace(options, validation=options.validation or before.validation)
    data, validation_rows = _split(data, options, before.split_seed or 0)
    return _job(data, validation_rows, old, (old.network,), before, options)


def _check_agrees(pairs: dict[str, tuple[object, object]]) -> None:
    """Refuse an option that contradicts the model that is resumed."""
    for option, (given, has) in pairs.items():
        if given is not None and given != has:
            raise OptionError(
                f"{option} does not fit `resume`: the model goes on as it is. Leave {option} out."
            )


def _note(data: Dataset, options: Options) -> None:
    """Say what was noticed while reading."""
    if options.is_verbose:
        if options.csv is None:
            echo_error(f"No CSV is named: training on {document.ROWS_SOURCE}.")
        for note in data.notes:
            echo_error(f"Note: {note}")
    zero = [
        feature
        for feature, column in zip(data.features, data.inputs.T, strict=True)
        if not column.any()
    ]
    if zero:
        warn(f"zero in every row, so that nothing can be learned from it: {listed(zero)}.")
