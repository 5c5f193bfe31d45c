"""Data classes as JSON answers."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scorenet_cli.core.metrics import Evaluation, Fit
    from scorenet_cli.model.batch import BatchTrace
    from scorenet_cli.training.fit import FitResult


def as_json(value: object) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Turn data classes into what json.dumps takes: a field from_ becomes the key "from".

    A field that is None by default is left out where it is.
    """
    if dataclasses.is_dataclass(value):
        return {
            field.name.rstrip("_"): as_json(known)
            for field in dataclasses.fields(value)
            if (known := getattr(value, field.name)) is not None or field.default is not None
        }
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return value


def to_line(answer: object) -> str:
    """One JSON object on one line, floats to the bit, in ASCII so that any terminal takes it."""
    return json.dumps(answer, allow_nan=False)


def batch_answer(trace: BatchTrace, path: str, data: str) -> dict[str, Any]:
    """Return the JSON output of `backward-trace --csv data`: every matrix by its name."""
    about = {"model": path, "data": data, "rows": trace.rows, "learning_rate": trace.learning_rate}
    matrices = {matrix.name: matrix.values.tolist() for matrix in trace.matrices}
    losses = {"loss": trace.loss, "loss_after": trace.loss_after}
    check = {} if trace.check is None else {"check": as_json(trace.check)}
    return about | matrices | losses | check


def train_answer(fit: FitResult, path: str, command: str = "") -> dict[str, Any]:
    """Return the JSON output of `train` for a model saved to path.

    command is the one that trains the same without auto.
    """
    answer: dict[str, Any] = {
        "model": path,
        "data": fit.plan.data.source,
        "rows": fit.plan.rows,
        "epochs": fit.result.epochs,
        "best_epoch": fit.result.best_epoch,
        "optimizer": fit.plan.optimizer,
        "seed": fit.seed,
        "loss": fit.result.loss,
        "stopped": fit.result.stopped,
        "seconds": fit.result.seconds,
        "metrics": as_json(fit.metrics),
        "columns": dict(fit.plan.data.columns),
        "warnings": [*fit.notes, *fit.warnings],
    }
    if decay := fit.plan.options.get("weight_decay"):
        answer["weight_decay"] = decay
    if (found := fit.result.evidence) is not None:
        answer |= {
            "decays": list(found.decays),
            "effective_parameters": found.effective_parameters,
            "parameters": fit.result.network.parameters,
            "log_evidence": found.log_evidence,
        }
    targets = fit.plan.data.output_names
    if len(targets) > 1:
        answer["metrics"]["targets"] = _by_target(targets, fit.each)
    if fit.classes:
        answer["metrics"]["classes"] = as_json(fit.classes)
    if fit.validation is not None:
        answer["metrics"]["validation"] = evaluation_answer(fit.validation, targets)
    if (out_of_fold := fit.cross_validation) is not None:
        answer["metrics"]["cross_validation"] = evaluation_answer(out_of_fold, targets)
    if (choice := fit.choice) is not None:
        answer["chosen"] = {
            "hidden": list(choice.settings.hidden or ()),
            "rows": choice.rows,
            "compared": [
                {"hidden": list(hidden), **as_json(metrics)} for hidden, metrics in choice.compared
            ],
            "command": command,
        }
    if fit.restarts is not None:
        answer["restarts"] = as_json(fit.restarts)
    return answer


def evaluation_answer(evaluation: Evaluation, targets: Sequence[str]) -> dict[str, Any]:
    """Lay out how a model fits some rows: all targets together, then each."""
    answer: dict[str, Any] = as_json(evaluation.fit)
    answer["training_data"] = evaluation.is_training_data
    if len(targets) > 1:
        answer["targets"] = _by_target(targets, evaluation.each)
    if evaluation.classes:
        answer["classes"] = as_json(evaluation.classes)
    if evaluation.importance:
        answer["importance"] = {name: of[0] for name, of in evaluation.importance.items()}
        answer["importance_spread"] = {name: of[1] for name, of in evaluation.importance.items()}
    if evaluation.coverage:
        answer["interval_coverage"] = dict(zip(targets, evaluation.coverage, strict=True))
    return answer


def _by_target(targets: Sequence[str], each: Sequence[Fit]) -> dict[str, Any]:
    """Lay out the metrics of each target under its name."""
    return {target: as_json(fit) for target, fit in zip(targets, each, strict=True)}
