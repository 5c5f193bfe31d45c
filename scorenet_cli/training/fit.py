"""Executes a plan: trains every start, keeps the best as a model, and evaluates it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial

import numpy as np

from scorenet_cli import __version__
from scorenet_cli.core import Array, metrics
from scorenet_cli.core.intervals import Uncertainty
from scorenet_cli.core.metrics import BaselineModel, ClassFit, Evaluation, Fit
from scorenet_cli.core.network import BLOCK_ROWS
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.core.optimizers import OPTIMIZERS
from scorenet_cli.data.columns import positions
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.model.importance import Importance, permutation_importance
from scorenet_cli.model.model import Model, intervals_if_known, predict_inputs
from scorenet_cli.model.record import Baselines
from scorenet_cli.training import loop
from scorenet_cli.training.diagnosis import diagnose
from scorenet_cli.training.loop import Callbacks, StoppingCriteria, Ticker, TrainingResult
from scorenet_cli.training.plan import (
    TrainingPlan,
    is_linear_regression,
    rows_to_scale,
    scaled_blocks,
    scaled_rows,
)
from scorenet_cli.training.settings import Settings

# The last second of the year 9999, the latest possible date.
MAX_SECONDS = 253_402_300_799


@dataclasses.dataclass(frozen=True)
class RestartStats:
    """How several starts compare: their losses, and how far their predictions differ.

    prediction_deviation is the standard deviation over the starts in score units, its mean over
    the training rows and targets; prediction_range the largest difference between two starts.
    """

    count: int
    best: float
    median: float
    worst: float
    prediction_deviation: float
    prediction_range: float


@dataclasses.dataclass(frozen=True)
class Choice:
    """What `optimizer=auto` compared, on how many rows, and chose.

    compared holds each size of the hidden layers with its fit out of fold; settings give the same
    training without auto.
    """

    compared: tuple[tuple[tuple[int, ...], Fit], ...]
    rows: int
    settings: Settings


@dataclasses.dataclass(frozen=True, eq=False)
class FitResult:
    """A trained model, how training went, and how well the model fits.

    result is the run that was kept; predicted (rows, outputs) the scores for the training rows;
    metrics hold their fit and that of the baselines, each the same for every target. validation is
    the same on the held-out rows (the test rows, if there are any). After an interrupt, only the
    first BLOCK_ROWS rows of each are predicted. restarts compares the starts; classes holds the
    results of text targets on the training rows. cross_validation is the fit out of fold, and
    choice what auto compared. Metrics are in score units.
    """

    model: Model
    plan: TrainingPlan
    result: TrainingResult
    predicted: Array
    metrics: Fit
    each: tuple[Fit, ...]
    validation: Evaluation | None
    restarts: RestartStats | None
    warnings: tuple[str, ...]
    classes: tuple[ClassFit, ...] = ()
    cross_validation: Evaluation | None = None
    choice: Choice | None = None

    @property
    def seed(self) -> int | None:
        """Seed of the start that was kept."""
        return None if self.model.training is None else self.model.training.seed

    @cached_property
    def importance(self) -> Mapping[str, Importance]:
        """Permutation importance of each column on the training rows; computed on first access."""
        rows = self.plan.data
        return permutation_importance(self.model, rows.inputs, rows.scores).columns

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided while the rows were read, and how the held-out rows were used."""
        return self.plan.notes


def train_model(plan: TrainingPlan) -> Model:
    """Train every start of a plan, and return the best as a model."""
    return trained_model(plan, _train_starts(plan, Callbacks())[0])


def fit(
    plan: TrainingPlan,
    callbacks: Callbacks[Model] | None = None,
    choice: Choice | None = None,
    cross_validation: Evaluation | None = None,
) -> FitResult:
    """Train every start of a plan, keep the best, and evaluate it."""
    callbacks = callbacks or Callbacks()
    if callbacks.begin is not None:
        callbacks.begin(plan)
    result, warnings = _train_starts(plan, callbacks)
    judged = _judged_rows(plan, result)
    baselines = metrics.fit_baselines(plan.data.inputs, plan.data.scores)
    model = _with_baselines(trained_model(plan, result), baselines)
    trained = _evaluation(model, judged.data, baselines, plan.data)
    validation = None
    if (held_out := judged.test_rows or judged.validation_rows) is not None:
        validation = _evaluation(model, held_out, baselines, plan.data)
    if result.stopped != "interrupted":
        unseen = (validation, cross_validation)
        warnings += diagnose(plan, result, trained.each, *unseen, is_chosen=choice is not None)
    elif len(judged.data.inputs) < len(plan.data.inputs):
        counts = f"{len(judged.data.inputs):,} of {len(plan.data.inputs):,}"
        warnings += (f"interrupted: the fit is measured on the first {counts} rows.",)
    return FitResult(
        model=model,
        plan=plan,
        result=result,
        predicted=trained.predicted,
        metrics=trained.fit,
        each=trained.each,
        validation=validation,
        restarts=restart_stats(judged, result),
        classes=trained.classes,
        cross_validation=cross_validation,
        choice=choice,
        warnings=plan.warnings + warnings,
    )


def _judged_rows(plan: TrainingPlan, result: TrainingResult) -> TrainingPlan:
    """Return the plan with the rows to evaluate on; after an interrupt only a few, to end soon."""
    if result.stopped != "interrupted":
        return plan

    def first(part: Dataset) -> Dataset:
        return part.take(np.arange(min(len(part.inputs), BLOCK_ROWS)))

    return dataclasses.replace(
        plan,
        data=first(plan.data),
        validation_rows=plan.validation_rows and first(plan.validation_rows),
        test_rows=plan.test_rows and first(plan.test_rows),
    )


def _train_starts(
    plan: TrainingPlan, callbacks: Callbacks[Model]
) -> tuple[TrainingResult, tuple[str, ...]]:
    """Train the plan's networks, side by side or one after another; also return warnings."""
    optimizer = OPTIMIZERS[plan.optimizer]
    validation = (
        None if plan.validation_rows is None else scaled_rows(plan.model, plan.validation_rows)
    )
    settings = plan.settings
    criteria = StoppingCriteria(plan.epochs, settings.tolerance, validation, settings.patience)
    together = plan.is_side_by_side
    groups = [plan.networks] if together else [(each,) for each in plan.networks]
    finished: list[TrainingResult] = []

    def tick(epoch: int, loss: float, snapshot: Callable[[], TrainingResult]) -> None:
        if callbacks.tick is not None:
            callbacks.tick(
                epoch,
                loss,
                lambda: trained_model(
                    plan, snapshot() if together else best_of([*finished, snapshot()])
                ),
            )

    ticker = Ticker()  # one for all starts: each may take less than a tick
    scaled = rows_to_scale if optimizer.takes_parts else scaled_rows
    for number, networks in enumerate(groups):
        states = optimizer.start(
            networks,
            *scaled(plan.model, plan.data),
            seed=(plan.record.seed or 0) + number,
            state=plan.record.state,
            **plan.options,
        )
        finished.append(
            loop.train(
                states,
                partial(scaled_blocks, plan.model, plan.data),
                criteria,
                resumed=plan.record,
                keeps_networks=bool(plan.snapshots),
                callbacks=Callbacks(
                    each_epoch=callbacks.each_epoch,
                    every=callbacks.every,
                    tick=tick,
                    should_stop=callbacks.should_stop,
                ),
                ticker=ticker,
            )
        )
        if finished[-1].stopped == "interrupted":
            break
    best = finished[0] if together else best_of(finished)
    if finished[-1].stopped != "interrupted":
        return best, ()
    best = dataclasses.replace(best, stopped="interrupted")
    if len(plan.networks) == 1:
        return best, ()
    tried = len(plan.networks) if together else len(finished)
    counts = f"{tried} of {len(plan.networks)}"
    return best, (f"interrupted after {counts} starts; the best of these is kept.",)


def best_of(results: Sequence[TrainingResult]) -> TrainingResult:
    """Choose the best result: by validation loss, else by evidence, else by loss."""

    def badness(run: TrainingResult) -> float:
        if run.validation_loss is not None:
            return run.validation_loss
        return run.loss if run.evidence is None else -run.evidence.log_evidence

    best = min(range(len(results)), key=lambda number: badness(results[number]))
    starts = tuple(loop.RestartResult(run.network, run.loss) for run in results)
    seconds = sum(run.seconds for run in results)
    return dataclasses.replace(results[best], start=best, starts=starts, seconds=seconds)


def trained_model(plan: TrainingPlan, result: TrainingResult) -> Model:
    """Put a result's network into the model it started from, with the record of the run."""
    before, data, record, evidence = plan.model, plan.data, plan.record, result.evidence
    ranges = np.stack([data.inputs.min(axis=0), data.inputs.max(axis=0)], axis=1)
    if before.feature_range is not None:  # resumed, perhaps on other rows
        ranges[:, 0] = np.minimum(ranges[:, 0], before.feature_range[:, 0])
        ranges[:, 1] = np.maximum(ranges[:, 1], before.feature_range[:, 1])
    snapshots = tuple((dict(before.snapshots) | dict(result.snapshots)).items())
    return dataclasses.replace(
        before,
        network=result.network,
        snapshots=loop.thin(snapshots, plan.snapshots) if plan.snapshots else (),
        feature_range=ranges,
        is_weights_only=False,
        uncertainty=None if evidence is None else Uncertainty.of(evidence),
        training=dataclasses.replace(
            record,
            data=os.path.basename(data.source),
            sha256=data.sha256,
            rows=plan.rows,
            seed=None if record.seed is None else record.seed + result.start,
            state=result.state_dict,
            decays=None if evidence is None else evidence.decays,
            effective_parameters=None if evidence is None else evidence.effective_parameters,
            epochs=result.epochs,
            best_epoch=None if result.validation_loss is None else result.best_epoch,
            stopped=result.stopped,
            loss=result.loss,
            history=result.history,
            validation_loss=result.validation_loss,
            validation_history=result.validation_history,
            versions={
                "scorenet": __version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
            target_range=tuple(
                zip(data.scores.min(axis=0).tolist(), data.scores.max(axis=0).tolist(), strict=True)
            ),
            baselines=None,
            date=_date(),
        ),
    )


def _date() -> str:
    """Return the current time, or SOURCE_DATE_EPOCH, which makes a run's files reproducible."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = int(fixed) if fixed.isascii() and fixed.isdigit() else time.time()
    return dt.datetime.fromtimestamp(min(seconds, MAX_SECONDS), tz=dt.UTC).isoformat(
        timespec="seconds"
    )


def _with_baselines(model: Model, baselines: BaselineModel) -> Model:
    """Add the baselines to the record if they are finite."""
    scale = np.append(baselines.input_scale, 1.0)[:, np.newaxis]
    with np.errstate(over="ignore"):
        lines = baselines.coefficients * baselines.score_scale / scale
    if model.training is None or not np.isfinite([*baselines.mean, *lines.ravel()]).all():
        return model
    mean = tuple(baselines.mean.tolist())
    known = Baselines(mean=mean, linear=tuple(map(tuple, lines.T.tolist())))
    return dataclasses.replace(model, training=dataclasses.replace(model.training, baselines=known))


def _known_baselines(model: Model) -> BaselineModel | None:
    """Return the baselines of a model's training rows, or None if it does not hold them."""
    known = None if model.training is None else model.training.baselines
    if known is None:
        return None
    return BaselineModel(
        mean=np.array(known["mean"]),
        coefficients=np.array(known["linear"]).T,
        input_scale=np.ones(len(model.input_names)),
        score_scale=np.ones(len(model.output_names)),
    )


def restart_stats(plan: TrainingPlan, result: TrainingResult) -> RestartStats | None:
    """Compare a run's starts on its training rows; None if fewer than two have a finite loss."""
    starts = [start for start in result.starts if np.isfinite(start.loss)]
    if len(starts) < 2:  # noqa: PLR2004 - nothing to compare
        return None
    losses = [start.loss for start in starts]
    inputs, _ = scaled_rows(plan.model, plan.data)
    deviations, widest = (np.zeros(len(plan.model.target_scale)) for _ in range(2))
    for first in range(0, len(inputs), BLOCK_ROWS):  # saves memory
        block = inputs[first : first + BLOCK_ROWS]
        outputs = np.stack([predict_outputs(start.network, block) for start in starts])
        deviations += outputs.std(axis=0).sum(axis=0)
        widest = np.maximum(widest, np.ptp(outputs, axis=0).max(axis=0))
    return RestartStats(
        count=len(result.starts),
        best=min(losses),
        median=float(np.median(losses)),
        worst=max(losses),
        prediction_deviation=float((deviations / len(inputs) * plan.model.target_scale).mean()),
        prediction_range=float((widest * plan.model.target_scale).max()),
    )


def evaluate(model: Model, data: Dataset) -> Evaluation:
    """Evaluate a model on rows, compared with the baselines of its training rows.

    If the model does not hold those, the baselines are fitted to the given rows.
    """
    known = _known_baselines(model)
    baselines = known or metrics.fit_baselines(data.inputs, data.scores)
    evaluation = _evaluation(model, data, baselines, data)
    record = model.training
    importance = permutation_importance(model, data.inputs, data.scores)
    return evaluation._replace(
        is_training_data=record is not None and record.sha256 == data.sha256,
        notes=data.notes + importance.notes,
        importance=importance.columns,
        coverage=_coverage(model, data),
    )


def _coverage(model: Model, data: Dataset) -> tuple[float, ...]:
    """Return the fraction of each output's scores inside its interval; empty without intervals."""
    ends = intervals_if_known(model, predict_inputs(model, data.inputs).scaled_inputs)
    if ends is None:
        return ()
    is_inside = (ends[:, :, 0] <= data.scores) & (data.scores <= ends[:, :, 1])
    return tuple(is_inside.mean(axis=0).tolist())


def _evaluation(
    model: Model, data: Dataset, baselines: BaselineModel, training_data: Dataset
) -> Evaluation:
    """Evaluate a model on rows, compared with the given baselines."""
    predicted = np.empty(data.scores.shape)
    for part in metrics.blocks(len(predicted)):
        predicted[part] = predict_inputs(model, data.inputs[part]).scores
    rows = (predicted, data.inputs, data.scores, baselines)
    each = metrics.compare_each(*rows)
    is_line = is_linear_regression(model.network)  # a baseline cannot be better than itself
    size = {"rows": 0 if is_line else len(training_data.inputs), "features": data.inputs.shape[1]}
    warnings = metrics.baseline_warnings(each, data.scores, data.output_names, **size)
    return Evaluation(
        data.inputs,
        data.scores,
        predicted,
        each[0] if len(each) == 1 else metrics.compare(*rows),
        each,
        warnings=warnings,
        classes=class_fits(data, predicted, baselines.mean),
    )


def class_fits(data: Dataset, predicted: Array, mean: Array) -> tuple[ClassFit, ...]:
    """Evaluate the classes of each text target; predicted (rows, outputs), mean (outputs,)."""
    return tuple(
        metrics.compare_classes(
            target, data.classes[target], predicted[:, where], data.scores[:, where], mean[where]
        )
        for target, where in positions(data.targets, data.classes).items()
        if target in data.classes
    )
