"""The public API, also used by the command line."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from scorenet_cli.core import Array
from scorenet_cli.data.columns import ScalingName
from scorenet_cli.errors import DataError, OptionError
from scorenet_cli.files import display_path
from scorenet_cli.model import model as models
from scorenet_cli.model.model import Model, Predictions, Values

if TYPE_CHECKING:
    from scorenet_cli.core.metrics import Evaluation
    from scorenet_cli.data.csv_table import Table
    from scorenet_cli.model.batch import BatchTrace
    from scorenet_cli.model.trace import BackwardTrace, ForwardTrace
    from scorenet_cli.training.fit import FitResult
    from scorenet_cli.training.loop import Callbacks
    from scorenet_cli.training.settings import Settings

# A path, an open file, or columns by name (a dict of arrays, a pandas DataFrame).
Data = str | os.PathLike[str] | IO[str] | IO[bytes] | Mapping[str, ArrayLike | Sequence[object]]


def train(
    data: Data | None = None,
    *,
    settings: Settings | None = None,
    header: bool | None = None,
    resume: str | os.PathLike[str] | Model | None = None,
    callbacks: Callbacks[Model] | None = None,
    **changes: Any,  # noqa: ANN401 - checked by make_settings
) -> FitResult:
    """Train a network and return the model with its metrics; prints and saves nothing.

    data is a path, an open file, or columns by name; None means the document's three rows. Settings
    are those of `scorenet train`, under the same names: target, features, ignore, missing,
    max_score, standardize, hidden, bias, activation, output_activation, init, seed, optimizer,
    learning_rate, batch_size, weight_decay, epochs, tolerance, restarts, validation, patience,
    folds, snapshots. Pass them as keywords, as Settings, or both. header: whether the first row of
    a file holds the column names; None: guess. resume: a model, or its path, to continue training.
    With data, and none of optimizer, learning_rate, batch_size, epochs and resume, optimizer is
    "auto".

    Raises OptionError for an invalid setting, DataError for unusable rows, ModelError for an
    unusable model, FileError for an unreadable file, and TrainingError if training diverges.
    """
    from scorenet_cli.training.fit import fit  # noqa: PLC0415 - predicting does not need it
    from scorenet_cli.training.plan import check_settings, make_plan  # noqa: PLC0415
    from scorenet_cli.training.selection import train_table  # noqa: PLC0415
    from scorenet_cli.training.settings import AUTO, make_settings  # noqa: PLC0415

    given = {} if settings is None else vars(settings)
    chosen = make_settings(**{**given, **changes})
    if resume is not None:
        if chosen.restarts > 1:
            raise OptionError("cannot be combined with `resume`.", option="restarts")
        if chosen.optimizer == AUTO or chosen.folds is not None:
            option = "optimizer=auto" if chosen.optimizer == AUTO else "folds"
            raise OptionError(f"`{option}` trains new models and cannot be combined with `resume`.")
    model = load(resume) if isinstance(resume, str | os.PathLike) else resume
    if not isinstance(model, Model | None):
        raise OptionError("expects a model, or the path of one.", option="resume")
    said = (chosen.optimizer, chosen.learning_rate, chosen.batch_size, chosen.epochs, model)
    if data is not None and all(each is None for each in said):
        chosen = dataclasses.replace(chosen, optimizer=AUTO)
    check_settings(chosen, model)
    if model is None:
        return train_table(_table(data, header=header), chosen, callbacks)
    return fit(make_plan(_table(data, header=header), chosen, model), callbacks)


def load(path: str | os.PathLike[str]) -> Model:
    """Load a model file, or a folder with w1.txt, w2.txt, ...

    Raises ModelError or FileError.
    """
    from scorenet_cli.model import json_file, weights_folder  # noqa: PLC0415 - only one is needed

    name = os.fspath(path)
    return weights_folder.load(name) if os.path.isdir(name) else json_file.load(name)


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Save a model file, as model.save does."""
    model.save(path)


def predict(model: Model, values: Values, *, scaling: ScalingName = "training") -> Predictions:
    """Run a model on rows of values, one for each feature, in the features' own units.

    values: an array, lists (with text for a text feature), or columns by name (a dict, a pandas
    DataFrame). The result holds inputs, scaled inputs, outputs, and scores (rows, outputs) in
    score units. Raises DataError if a value is missing or unknown, or becomes too large to compute
    with.
    """
    return models.predict(model, values, scaling)


def intervals(
    model: Model, values: Values, level: float = 0.9, *, scaling: ScalingName = "training"
) -> Array:
    """Return the lowest and highest score (rows, outputs, 2) for values as predict takes them.

    With probability level, the score of a new row lies between them. Raises OptionError if the
    model was not trained by lm with weight decay, and DataError as predict does.
    """
    return models.intervals(model, predict(model, values, scaling=scaling), level)


def evaluate(model: Model, data: Data, *, header: bool | None = None) -> Evaluation:
    """Evaluate a model and the baselines on rows with known scores.

    data and header are as for train. The result holds actual and predicted scores (rows, targets),
    and the metrics in score units. Rows with a missing cell are skipped; notes reports them.
    Raises DataError if a column of the model is missing, or a category or class is unknown.
    """
    from scorenet_cli.data import dataset  # noqa: PLC0415 - predicting does not need it
    from scorenet_cli.training.fit import evaluate as evaluate_dataset  # noqa: PLC0415
    from scorenet_cli.training.plan import model_rows  # noqa: PLC0415

    table = dataset.name_columns(_table(data, header=header), model.features, model.targets)
    return evaluate_dataset(model, model_rows(model, table))


def forward_trace(
    model: Model,
    values: Sequence[float | str] | Mapping[str, float | str],
    *,
    scaling: ScalingName = "training",
) -> ForwardTrace:
    """Trace one example through a model: each product, sum and activation.

    values: one for each feature, in its own unit, or a mapping from the features' names. Raises
    DataError if a sum is too large.
    """
    from scorenet_cli.model import trace  # noqa: PLC0415 - predicting does not need it

    return trace.forward_trace(model, _inputs(model, values), scaling)


def backward_trace(  # noqa: PLR0913 - all arguments are needed
    model: Model,
    values: Sequence[float | str] | Mapping[str, float | str],
    actual: float | str | Sequence[float | str],
    *,
    learning_rate: float = 1.0,
    scaling: ScalingName = "training",
    check: bool = False,
) -> BackwardTrace:
    """Trace one step of backpropagation for one example: errors, deltas, each weight's change.

    values: as for forward_trace. actual: a score in score units or a class, or one for each of
    several targets. If check is true, each gradient is compared with central differences. Raises
    OptionError if actual does not fit the targets, and DataError if a number is too large.
    """
    from scorenet_cli.model import trace  # noqa: PLC0415 - predicting does not need it

    scores, inputs = models.encode_actual(model, models.as_cells(actual)), _inputs(model, values)
    return trace.backward_trace(
        model, inputs, scores, learning_rate=learning_rate, scaling=scaling, check=check
    )


def batch_trace(
    model: Model,
    data: Data,
    *,
    learning_rate: float | None = None,
    check: bool = False,
    header: bool | None = None,
) -> BatchTrace:
    """Trace one step of full-batch gradient descent on rows with known scores, as matrices.

    The step is one epoch of `train` with optimizer="gd" from the model's weights, at the same
    default learning rate. data and header are as for train. A model of weights only is scaled by
    these rows. Raises OptionError for an invalid learning rate, and DataError if the rows do not
    fit the model or a number is too large.
    """
    from scorenet_cli.model import batch  # noqa: PLC0415 - predicting does not need it
    from scorenet_cli.training.plan import make_plan, scaled_rows  # noqa: PLC0415
    from scorenet_cli.training.settings import make_settings  # noqa: PLC0415

    settings = make_settings(optimizer="gd", learning_rate=learning_rate)
    plan = make_plan(
        _table(data, header=header), settings, dataclasses.replace(model, training=None)
    )
    rate = plan.options["learning_rate"]
    rows = scaled_rows(plan.model, plan.data)
    return batch.batch_trace(plan.model, *rows, learning_rate=rate, check=check, notes=plan.notes)


def _inputs(model: Model, values: Sequence[float | str] | Mapping[str, float | str]) -> list[float]:
    """Encode one example as the network's inputs."""
    row = values if isinstance(values, Mapping) else [values]
    inputs: list[float] = models.encode_values(model, row)[0].tolist()
    return inputs


def _table(data: Data | None, *, header: bool | None) -> Table:
    """Read data as a table of cells."""
    from scorenet_cli.data import csv_table, dataset  # noqa: PLC0415 - predicting does not need it
    from scorenet_cli.model import document  # noqa: PLC0415

    if data is None:
        return csv_table.make_table(document.ROWS_CSV, document.ROWS_SOURCE)
    if isinstance(data, str | os.PathLike):
        return dataset.read_table(os.fspath(data), has_header=header)
    if hasattr(data, "read"):
        content = data.read()
        content = content.encode() if isinstance(content, str) else content
        source = display_path(str(getattr(data, "name", "the file")))
        return csv_table.make_table(content, source, has_header=header)
    return csv_table.make_table(_as_csv(data), "the given table", has_header=True)


def _as_csv(columns: Any) -> bytes:  # noqa: ANN401 - checked here
    """Write columns of equal length as CSV with exact floats, for the CSV reader to check."""
    import csv  # noqa: PLC0415 - predicting does not need it

    if not (isinstance(columns, Mapping) or hasattr(columns, "columns")):
        kinds = "a path, an open file, or columns by name (a dict, a pandas DataFrame)"
        raise DataError(f"expected {kinds}; got {type(columns).__name__}.")
    names = [str(name) for name in columns]
    cells = [models.as_cells(columns[name]) for name in columns]
    if not cells:
        raise DataError("no columns are given.")
    if len({len(column) for column in cells}) > 1:
        raise DataError("the given columns differ in length.")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([names, *zip(*cells, strict=True)])
    return text.getvalue().encode()
