"""From settings, rows and perhaps a resumed model to what will be trained on what."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import numpy as np

from scorenet_cli.core import network
from scorenet_cli.core.activations import ActivationName
from scorenet_cli.core.metrics import largest_absolute
from scorenet_cli.core.network import InitName, Network
from scorenet_cli.core.optimizers import OPTIMIZERS
from scorenet_cli.data import dataset
from scorenet_cli.data.columns import scale_inputs
from scorenet_cli.data.csv_table import Table
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.errors import DataError, ModelError, OptionError
from scorenet_cli.model.model import Model, overflow_error
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.text import listed, quoted
from scorenet_cli.training import loop
from scorenet_cli.training.loop import ScaledData
from scorenet_cli.training.settings import (
    DEFAULT_HIDDEN,
    DEFAULT_MAX_SCORE,
    DEFAULT_OPTIMIZER,
    DEFAULT_SEED,
    Settings,
)

MIN_ROWS_TO_SPLIT = 2
# A model file of more would pass the 256 MB that a model may have.
MAX_PARAMETERS = 10_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingPlan:
    """What is trained on what, and what the user should know before it starts.

    data are the rows to learn from, validation_rows those held out; model is the model before
    training, networks the starts; options are the optimizer's; record holds what is known before
    the run.
    """

    settings: Settings
    data: Dataset
    validation_rows: Dataset | None
    model: Model
    networks: tuple[Network, ...]
    optimizer: str
    options: dict[str, Any]
    record: TrainingRecord
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def start_epoch(self) -> int:
        """Epochs that led to the resumed model's weights."""
        best = self.record.best_epoch
        return self.record.epochs if best is None else best

    @property
    def rows(self) -> int:
        """How many rows were read: those trained on and those held out."""
        return len(self.data.inputs) + len(
            self.validation_rows.inputs if self.validation_rows else ()
        )


def make_plan(table: Table, settings: Settings, resumed: Model | None = None) -> TrainingPlan:
    """Plan new networks for a table's rows, or go on with a model."""
    if resumed is None:
        return _new_plan(table, settings)
    return _resumed_plan(table, settings, resumed)


def _new_plan(table: Table, settings: Settings) -> TrainingPlan:
    """Train new networks on the columns that the settings choose."""
    optimizer = settings.optimizer or DEFAULT_OPTIMIZER
    _check_options(settings, optimizer)
    data = dataset.read_dataset(table, features=settings.features, targets=settings.target)
    hidden = settings.hidden or DEFAULT_HIDDEN
    shape = (len(data.features), *hidden, len(data.targets))
    bias = settings.bias or False
    if network.count_parameters(shape, bias=bias) > MAX_PARAMETERS:
        raise OptionError(
            f": the network would have more than {MAX_PARAMETERS:,} parameters.", option="hidden"
        )
    seed = DEFAULT_SEED if settings.seed is None else settings.seed
    init = settings.init or "normal"
    networks = tuple(
        network.random_network(
            shape,
            seed=each,
            init=cast("InitName", init),
            bias=bias,
            activation=cast("ActivationName", settings.activation or "sigmoid"),
        )
        for each in range(seed, seed + settings.restarts)
    )
    max_score = settings.max_score or DEFAULT_MAX_SCORE
    dataset.check_scores(table, data, np.full(len(data.targets), max_score))
    train_rows, validation_rows = _split(data, settings.validation, seed)
    model = initial_model(networks[0], train_rows, max_score)
    record = TrainingRecord(seed=seed, split_seed=seed, init=init)
    plan = TrainingPlan(
        settings, train_rows, validation_rows, model, networks, optimizer, {}, record
    )
    return _with_optimizer(plan)


def _resumed_plan(table: Table, settings: Settings, old: Model) -> TrainingPlan:
    """Go on with a model, its columns and its scaling; settings may repeat what it is."""
    before = old.training or TrainingRecord()
    optimizer = settings.optimizer or before.optimizer or DEFAULT_OPTIMIZER
    _check_options(settings, optimizer)
    unscaled = bool((old.target_scale == 1.0).all())
    if unscaled and settings.max_score is not None:  # weights alone, as the document saves them
        old = dataclasses.replace(old, target_scale=old.target_scale * settings.max_score)
    hidden = old.network.layers[:-1]
    _check_agrees(
        settings,
        {
            "features": old.features,
            "target": old.targets,
            "max_score": float(old.target_scale[0]),
            "hidden": old.network.shape[1:-1],
            "bias": all(layer.bias is not None for layer in old.network.layers),
            "activation": hidden[0].activation if hidden else None,
            "init": before.init,
            "seed": before.seed,
            "validation": settings.validation if before.validation is None else before.validation,
        },
    )
    table = dataset.name_columns(table, old.features, old.targets)
    dataset.model_columns(table, [*old.features, *old.targets])
    data = dataset.read_dataset(table, features=old.features, targets=old.targets)
    hint = None if unscaled else "The best score comes from the resumed model's target_scale."
    dataset.check_scores(table, data, old.target_scale, hint=hint)
    warnings: tuple[str, ...] = ()
    if before.sha256 not in {None, data.sha256}:
        warnings = (f"the model was trained on other data: {before.data or 'another file'}.",)
    known = (seed for seed in (before.split_seed, before.seed) if seed is not None)
    before = dataclasses.replace(before, split_seed=next(known, DEFAULT_SEED))
    # Rows that were held out once are not to be learned from by leaving the option out.
    settings = dataclasses.replace(settings, validation=settings.validation or before.validation)
    data, validation_rows = _split(data, settings.validation, before.split_seed or 0)
    plan = TrainingPlan(
        settings, data, validation_rows, old, (old.network,), optimizer, {}, before,
        warnings=warnings,
    )  # fmt: skip
    return _with_optimizer(plan)


def initial_model(network: Network, data: Dataset, max_score: float) -> Model:
    """Put a network between a dataset's names and scales."""
    return Model(
        network=network,
        features=data.features,
        targets=data.targets,
        feature_scale=largest_absolute(data.inputs),
        target_scale=np.full(len(data.targets), max_score),
    )


def scaled_rows(model: Model, data: Dataset) -> ScaledData:
    """Scale inputs (rows, features) and actual scores (rows, targets) as the model does.

    DataError where a value is too large for its scale.
    """
    inputs = scale_inputs(data.inputs, model.feature_scale, "training")
    if not np.isfinite(inputs).all():
        raise overflow_error(data.inputs[~np.isfinite(inputs).all(axis=1)][0].tolist())
    return ScaledData(inputs, data.scores / model.target_scale)


def _split(data: Dataset, fraction: float | None, seed: int) -> tuple[Dataset, Dataset | None]:
    """Hold out rows for validation, where a fraction of them is asked for."""
    if fraction is None:
        return data, None
    rows = len(data.inputs)
    if rows < MIN_ROWS_TO_SPLIT:
        raise DataError(f"{data.source}: {rows} rows cannot be split. Leave `validation` out.")
    kept, held_out = loop.split(rows, fraction, seed)
    return data.take(kept), data.take(held_out)


def _check_options(settings: Settings, optimizer: str) -> None:
    """Refuse, before any rows are read, settings that the optimizer does not take."""
    if optimizer not in OPTIMIZERS:
        if settings.optimizer is None:
            raise ModelError(
                f"the model was trained by {quoted(optimizer)}. Choose an `optimizer`: "
                f"{', '.join(OPTIMIZERS)}."
            )
        raise OptionError(
            f"expects one of {', '.join(OPTIMIZERS)}; got {quoted(optimizer)}.", option="optimizer"
        )
    for option in {name for each in OPTIMIZERS.values() for name in each.options}:
        if getattr(settings, option) is not None and option not in OPTIMIZERS[optimizer].options:
            raise OptionError(
                f"has no effect with `optimizer={optimizer}`. Leave it out.", option=option
            )
    if settings.patience is not None and settings.validation is None:
        raise OptionError("`patience` counts epochs on the validation rows: it needs `validation`.")


def _with_optimizer(plan: TrainingPlan) -> TrainingPlan:
    """Settle the optimizer's options: as given, else the resumed run's, else the defaults."""
    optimizer, before, warnings = OPTIMIZERS[plan.optimizer], plan.record, plan.warnings
    if optimizer.check is not None:
        optimizer.check(plan.model.network)
    if before.optimizer not in {None, plan.optimizer}:
        change = f"the model was trained by {before.optimizer}; {plan.optimizer} starts with fresh"
        warnings += (f"{change} optimizer state.",)
        before = dataclasses.replace(before, state=None, learning_rate=None, batch_size=None)
    options: dict[str, Any] = {
        name: getattr(plan.settings, name) or getattr(before, name) or default
        for name, default in optimizer.options.items()
    }
    zero = [
        feature
        for feature, column in zip(plan.data.features, plan.data.inputs.T, strict=True)
        if not column.any()
    ]
    if zero:
        warnings += (f"zero in every row, so that nothing can be learned from it: {listed(zero)}.",)
    return dataclasses.replace(
        plan,
        options=options,
        notes=plan.data.notes,
        warnings=warnings,
        record=dataclasses.replace(
            before,
            optimizer=plan.optimizer,
            learning_rate=options.get("learning_rate"),
            batch_size=options.get("batch_size"),
            validation=plan.settings.validation,
            restarts=plan.settings.restarts if plan.settings.restarts > 1 else None,
        ),
    )


def _check_agrees(settings: Settings, model: dict[str, object]) -> None:
    """Refuse a setting that contradicts the model that is resumed."""
    for option, value in model.items():
        if getattr(settings, option) not in {None, value}:
            raise OptionError(
                "cannot be changed by `resume`: the model goes on as it is. Leave it out.",
                option=option,
            )
