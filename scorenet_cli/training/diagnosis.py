"""Warnings about a trained model, each with the setting that may help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.metrics import ROUNDING, Evaluation, Fit, baseline_warnings
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.model.model import to_outputs
from scorenet_cli.text import quoted
from scorenet_cli.training.loop import TrainingResult
from scorenet_cli.training.plan import (
    TrainingPlan,
    has_sigmoid_output,
    is_linear_regression,
    scaled_blocks,
)
from scorenet_cli.training.settings import AUTO

# Maximum loss, as a fraction of the scores' variance, that counts as matching the scores.
POOR_FIT = 0.01
# Minimum rows for a warning about a perfect fit.
MIN_ROWS = 10
# A network with at least this many parameters per score can overfit.
MEMORIZING_PARAMETERS = 0.4
MEMORIZING_R2 = 0.9
# Overfitting: an out-of-fold error above this multiple of the training error, and R2 lower by this.
MEMORIZING_RATIO, MEMORIZING_GAP = 2.0, 0.1
# Maximum relative difference between the errors of two linear regressions of the same rows, whose
# columns may be nearly collinear.
SAME_LINE = 1e-6
# lm's matrix of this many parameters is solved in a second.
MAX_LM_PARAMETERS = 1000


def diagnose(  # noqa: PLR0911, PLR0913 - one return per fault; all results count
    plan: TrainingPlan,
    result: TrainingResult,
    each: tuple[Fit, ...],
    validation: Evaluation | None,
    cross_validation: Evaluation | None,
    *,
    is_chosen: bool,
) -> tuple[str, ...]:
    """Return warnings about the model, each with the setting that may help.

    each holds the metrics of every target on the training rows, validation all those on the
    held-out rows, cross_validation those out of fold. is_chosen: sizes were already compared.
    """
    if cross_validation is not None:
        return tuple(_out_of_fold(plan, each, cross_validation, is_chosen=is_chosen))
    if validation is not None and validation.warnings:
        title = "validation rows" if plan.test_rows is None else "test rows"
        return tuple(f"on the {title}, {words}" for words in validation.warnings)
    scores = plan.data.scores
    if max(fit.rmse for fit in each) <= ROUNDING * np.abs(scores).max():
        return tuple(_memorized(plan, result, each, validation))
    actual = to_outputs(plan.model, scores)
    varies = np.ptp(actual, axis=0) > 0  # equal scores have a nonzero variance from rounding
    deviation = actual - actual.mean(axis=0)
    deviation *= deviation
    deviation *= varies
    variance = float(np.mean(deviation))
    if (
        has_sigmoid_output(result.network)
        and result.loss > variance
        and not _saturated(actual)
        and all(
            _saturated(predict_outputs(result.network, inputs))
            for inputs, _ in scaled_blocks(plan.model, plan.data)
        )
    ):
        words = "all outputs are saturated: the sigmoid is flat there, so the weights hardly change"
        helps = "a smaller `learning_rate`" if "learning_rate" in plan.options else "another `seed`"
        return (f"{words}. Try {helps}.",)
    advice = _advice(plan, result)
    if result.loss >= variance > 0:
        same = "the class frequencies" if plan.data.classes else "the mean"
        words = f"the network is no better than predicting {same} for every row."
        return (f"{words} {advice}".rstrip(),)
    if memorized := tuple(_memorized(plan, result, each, validation)):
        return memorized
    decays = bool(plan.options.get("weight_decay"))  # weight decay prevents an exact match
    if not decays and (unfinished := _unfinished(result, variance, actual.size)):
        return (f"{unfinished} {advice}".rstrip(),)
    if is_linear_regression(result.network) and all(
        fit.rmse <= fit.baselines.linear.rmse * (1 + SAME_LINE) for fit in each
    ):
        return ()
    size = {"rows": len(scores), "features": plan.data.inputs.shape[1]}
    if found := baseline_warnings(each, scores, plan.data.output_names, **size):
        return (*found[:-1], f"{found[-1]} {advice}".rstrip())
    return ()


def _unfinished(result: TrainingResult, variance: float, scores: int) -> str | None:
    """Return a warning if a network that could match the scores does not match them yet."""
    can_fit = variance > 0 and result.network.parameters >= scores
    is_overtrained = result.best_epoch < result.epochs  # later epochs were worse and were not kept
    if result.stopped in {"tolerance", "patience"} or is_overtrained or not can_fit:
        return None
    if result.loss <= variance * POOR_FIT:
        return None
    if result.stopped == "converged":
        return "no step lowers the loss, and the predictions do not match the scores."
    if _barely_fell(result.history):
        return (
            "the loss had almost stopped falling in the second half of training, and the "
            "predictions do not match the scores yet."
        )
    return "the predictions do not match the scores yet, but the loss is still falling."


def _advice(plan: TrainingPlan, result: TrainingResult) -> str:
    """Suggest the setting that is most likely to help, if there is one."""
    rate = plan.options.get("learning_rate")
    if rate is not None and _rises(result.history):
        return f"The loss rises and falls: try `learning_rate={rate / 10:g}`."
    if result.stopped == "epochs" and not _barely_fell(result.history):
        return "Try more `epochs`."
    if result.network.layers[0].bias is None:
        return "Try `bias`."
    if plan.optimizer != "lm" and result.network.parameters <= MAX_LM_PARAMETERS:
        return "Try `optimizer=lm`."
    return ""


def _memorized(
    plan: TrainingPlan,
    result: TrainingResult,
    each: tuple[Fit, ...],
    validation: Evaluation | None,
) -> Iterator[str]:
    """Warn if the network fits far better than linear regression, with many parameters."""
    scores, parameters = plan.data.scores.size, float(result.network.parameters)
    effective = "" if result.evidence is None else "effective "
    if result.evidence is not None:
        parameters = result.evidence.effective_parameters
    if validation is not None or len(plan.data.scores) < MIN_ROWS:
        return
    pairs = [(fit.r2, fit.baselines.linear.r2) for fit in each]
    far_better = (
        r2 >= MEMORIZING_R2 and 1 - r2 < (1 - linear) / 2
        for r2, linear in pairs
        if r2 is not None and linear is not None
    )
    if parameters >= MEMORIZING_PARAMETERS * scores and any(far_better):
        yield (
            f"the network has {parameters:.4g} {effective}parameters for {scores} scores and may "
            "overfit: its fit says little about new rows. Try `validation=0.2`, a smaller "
            "`hidden`, or more rows."
        )


def _out_of_fold(
    plan: TrainingPlan, each: tuple[Fit, ...], cross_validation: Evaluation, *, is_chosen: bool
) -> Iterator[str]:
    """Yield a warning for each target whose fit out of fold is poor or uncertain."""
    names, several = plan.data.output_names, len(each) > 1
    hidden = plan.model.network.shape[1:-1]
    for target, (fit, unseen) in enumerate(zip(each, cross_validation.each, strict=True)):
        about = f"{quoted(names[target])}: " if several else ""
        if fit.r2 is None or unseen.r2 is None:
            continue
        mean, linear = unseen.baselines.mean.rmse, unseen.baselines.linear.rmse
        if unseen.rmse >= mean:
            yield (
                f"{about}out of fold, the network is no better than predicting the mean for "
                "every row. More rows or other columns may help."
            )
        elif unseen.rmse > MEMORIZING_RATIO * fit.rmse and fit.r2 - unseen.r2 > MEMORIZING_GAP:
            yield (
                f"{about}the network overfits: R2 is {fit.r2:.3f} on the training rows and "
                f"{unseen.r2:.3f} out of fold. " + _remedy(plan, is_chosen=is_chosen)
            )
        elif _is_uncertain(cross_validation, target):
            yield (
                f"{about}{len(cross_validation.actual):,} rows are too few to tell whether the "
                "network is better than predicting the mean. Collect more rows."
            )
        elif unseen.rmse > linear and not is_linear_regression(plan.model.network):
            advice = "More rows may help."
            if not (hidden or plan.data.classes):
                advice = "Try `output_activation=linear`."
            elif hidden and not is_chosen:
                advice = "Try `hidden=none`."
            yield f"{about}out of fold, the network is no better than linear regression. {advice}"


def _remedy(plan: TrainingPlan, *, is_chosen: bool) -> str:
    """Suggest what may reduce overfitting."""
    if is_chosen or plan.options.get("weight_decay") == AUTO:
        return "More rows or fewer columns may help."
    return "Try `optimizer=auto`, a `weight_decay`, a smaller `hidden`, or more rows."


def _is_uncertain(cross_validation: Evaluation, target: int) -> bool:
    """Return whether the gain over the mean may be chance: below two standard errors."""
    both = np.stack([cross_validation.actual[:, target], cross_validation.predicted[:, target]])
    actual, predicted = both / (np.abs(both).max() or 1.0)  # so that no square overflows
    gain = (actual - actual.mean()) ** 2 - (actual - predicted) ** 2
    return bool(gain.mean() < 2 * gain.std() / np.sqrt(len(gain)))


def _saturated(outputs: Array, edge: float = 1e-3) -> bool:
    """Return whether every output is within `edge` of 0 or 1."""
    return bool(((outputs < edge) | (outputs > 1 - edge)).all())


def _rises(history: Sequence[tuple[int, float]]) -> bool:
    """Return whether the loss rose by more than a tenth between two recorded epochs."""
    losses = [loss for _, loss in history]
    return any(after > 1.1 * before for before, after in pairwise(losses))


def _barely_fell(history: Sequence[tuple[int, float]]) -> bool:
    """Return whether the loss fell by less than a tenth in the second half of the epochs."""
    last_epoch, last_loss = history[-1]
    half = [loss for epoch, loss in history if epoch <= last_epoch / 2]
    return bool(half) and last_epoch > 0 and last_loss > 0.9 * half[-1]
