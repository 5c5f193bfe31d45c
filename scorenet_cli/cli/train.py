"""scorenet train: from a CSV to a saved model."""

from __future__ import annotations

import dataclasses
import math
import shlex
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from scorenet_cli.cli.options import DEFAULT_MODEL, JsonOption
from scorenet_cli.cli.report import say, warn
from scorenet_cli.cli.stopping import stop_wish
from scorenet_cli.errors import FileError, UsageError
from scorenet_cli.text import quoted

if TYPE_CHECKING:
    from scorenet_cli.dataset import Dataset, Table
    from scorenet_cli.model import Model, TrainingRecord
    from scorenet_cli.network import ActivationName, InitName
    from scorenet_cli.training import Run

# The document's own step on its three rows; stable on ten thousand.
LEARNING_RATE = 3.0
HIDDEN = (3,)
SEED = 23
MAX_SCORE = 100.0
AUTOSAVE_SECONDS = 30.0
# A model file of more would pass the 256 MB that a model may have.
MOST_PARAMETERS = 10_000_000


@dataclasses.dataclass(frozen=True)
class Options:
    """What the command line says of the network; None where it says nothing."""

    features: tuple[str, ...] | None
    targets: tuple[str, ...] | None
    max_score: float | None
    hidden: tuple[int, ...] | None
    bias: bool | None
    activation: ActivationName | None
    init: InitName | None
    seed: int | None


@dataclasses.dataclass(frozen=True, eq=False)
class Job:
    """What is trained on what; facts are what the record knows before the run."""

    dataset: Dataset
    start: Model
    facts: TrainingRecord


def train(
    csv: Annotated[
        str | None,
        typer.Argument(
            metavar="[CSV]",
            help="Rows of hours and scores ('-': standard input). Left out: the document's rows.",
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", show_default="the last", help="Column to predict; repeatable."
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(metavar="A,B", show_default="all others", help="Columns to learn from."),
    ] = None,
    max_score: Annotated[
        float | None,
        typer.Option(
            metavar="SCORE", show_default=f"{MAX_SCORE:g}", help="Best score; scores divide by it."
        ),
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(
            metavar="N[,N]",
            show_default=str(HIDDEN[0]),
            help="Neurons of each hidden layer: 3, or 16,8.",
        ),
    ] = None,
    bias: Annotated[bool, typer.Option("--bias", help="Give every neuron a bias.")] = False,
    activation: Annotated[
        Literal["sigmoid", "tanh", "relu"] | None,
        typer.Option(show_default="sigmoid", help="Of hidden layers; the output is sigmoid."),
    ] = None,
    init: Annotated[
        Literal["normal", "uniform"] | None,
        typer.Option(show_default="normal", help="How starting weights are drawn."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, show_default=f"{SEED}", help="Of the starting weights."),
    ] = None,
    optimizer: Annotated[
        Literal["gd"], typer.Option(help="gd: full-batch gradient descent, as in the document.")
    ] = "gd",
    learning_rate: Annotated[
        float | None,
        typer.Option(metavar="RATE", show_default=f"{LEARNING_RATE:g}", help="Size of a step."),
    ] = None,
    epochs: Annotated[int, typer.Option(metavar="N", min=0, help="Steps to take.")] = 1000,
    tolerance: Annotated[
        float | None, typer.Option(metavar="LOSS", min=0, help="Stop at this loss.")
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Go on from this model, for --epochs more."),
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to save the model.")
    ] = DEFAULT_MODEL,
    history: Annotated[
        str | None, typer.Option(metavar="FILE.csv", help="Save every epoch's loss there.")
    ] = None,
    log_every: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Print the loss every N epochs.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing but warnings and errors.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Train a network on a CSV of hours and scores, and save it.

    \b
    scorenet train
    scorenet train data.csv --epochs 100000
    scorenet train data.csv --resume scorenet.json
    """  # noqa: D301 - \b is Typer's sign to leave lines as they are
    from scorenet_cli import files, fitting, model_file, training

    for option, value in (
        ("--max-score", max_score),
        ("--learning-rate", learning_rate),
        ("--tolerance", tolerance),
    ):
        _check_number(option, value, above_zero=option != "--tolerance")
    _check_places(csv, output, history)
    options = Options(
        features=None if features is None else _parse_names(features),
        targets=None if target is None else tuple(target),
        max_score=max_score,
        hidden=None if hidden is None else _parse_hidden(hidden),
        bias=bias or None,
        activation=activation,
        init=init,
        seed=seed,
    )
    quietly = quiet or json
    old = None if resume is None else model_file.load(resume)
    table = _read_table(csv, quietly=quietly)
    job = _new_job(table, options) if old is None else _resumed_job(table, options, old)
    facts = dataclasses.replace(
        job.facts,
        optimizer=optimizer,
        learning_rate=learning_rate or job.facts.learning_rate or LEARNING_RATE,
    )
    job = dataclasses.replace(job, facts=facts)
    _note(job.dataset, quietly=quietly)

    losses: list[tuple[int, float]] = []
    with stop_wish() as wish:
        run = _run(
            job,
            epochs=epochs,
            tolerance=tolerance,
            output=output,
            losses=None if history is None else losses,
            log_every=None if quietly else log_every,
            quietly=quietly,
            wants_stop=lambda: wish.signal is not None,
        )
        model = _save(job, run, output)
        if history is not None:
            lines = (f"{epoch},{loss!r}\n" for epoch, loss in losses)
            files.write_whole(history, "epoch,loss\n" + "".join(lines))

    _report(job, model, run, output=output, quiet=quiet, json=json)
    if run.stopped == "interrupted":
        again = _command_to_go_on(csv, output, job.facts.epochs + epochs - run.epochs, tolerance)
        say(f"Interrupted after {run.epochs:,} epochs. The weights are saved. Go on with:\n{again}")
        raise typer.Exit(wish.exit_status)
    if advice := training.trouble(run, *fitting.scaled_rows(job.start, job.dataset)):
        warn(advice)
    if not quietly:
        say(f"Saved {files.shown(output)}. Next: {_next_command(job.dataset, output)}")


def _check_number(option: str, value: float | None, *, above_zero: bool) -> None:
    """Refuse nan, infinity, and zero where it makes no sense."""
    if value is not None and not (math.isfinite(value) and (value > 0 or not above_zero)):
        raise UsageError(f"{option} must be a finite number{' above 0' if above_zero else ''}.")


def _check_places(csv: str | None, output: str, history: str | None) -> None:
    """Find out before the work what could not be written after it."""
    from scorenet_cli import files, model_file

    model_file.check_output(output)
    if history is None:
        return
    for option, other in (("the CSV", csv), ("--output", output)):
        if other is not None and files.same(other, history):
            raise UsageError(f"--history would overwrite {option}: {quoted(history)}.")
    files.check_writable(history)


def _parse_hidden(text: str) -> tuple[int, ...]:
    """Read 3 or 16,8."""
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 1:
        raise UsageError(f"--hidden takes a size, or sizes between commas, and not {quoted(text)}.")
    return sizes


def _parse_names(text: str) -> tuple[str, ...]:
    """Read A,B as a line of CSV: a name with a comma in it stands between double quotes."""
    import csv

    names = tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))
    if not names or not all(names):
        raise UsageError(f"--features takes names between commas, and not {quoted(text)}.")
    return names


def _read_table(csv: str | None, *, quietly: bool) -> Table:
    """Read the CSV, or the document's rows where none is named."""
    from scorenet_cli import dataset, worked_example

    if csv is not None:
        return dataset.read_table(csv)
    if not quietly:
        say(f"No CSV is named: training on {worked_example.ROWS_SOURCE}.")
    return dataset.make_table(worked_example.ROWS_CSV, worked_example.ROWS_SOURCE)


def _new_job(table: Table, options: Options) -> Job:
    """Train a new network, made by the options, on the columns they choose."""
    from scorenet_cli import dataset, fitting, network
    from scorenet_cli.model import TrainingRecord

    data = dataset.read_dataset(table, features=options.features, targets=options.targets)
    shape = (len(data.features), *(options.hidden or HIDDEN), len(data.targets))
    bias, seed = options.bias or False, SEED if options.seed is None else options.seed
    if network.count_parameters(shape, bias=bias) > MOST_PARAMETERS:
        raise UsageError(
            f"--hidden: the network would have more than {MOST_PARAMETERS:,} parameters."
        )
    init = options.init or "normal"
    start = fitting.untrained_model(
        network.random_network(
            shape, seed=seed, init=init, bias=bias, activation=options.activation or "sigmoid"
        ),
        data,
        options.max_score or MAX_SCORE,
    )
    dataset.check_scores(table, data, start.target_scale)
    return Job(data, start, TrainingRecord(seed=seed, init=init))


def _resumed_job(table: Table, options: Options, old: Model) -> Job:
    """Go on with a model, its columns and its scaling; options may repeat what it is."""
    from scorenet_cli import dataset
    from scorenet_cli.model import TrainingRecord

    facts = old.training or TrainingRecord()
    hidden_layers = old.network.layers[:-1]
    _check_agrees(
        {
            "--features": (options.features, old.features),
            "--target": (options.targets, old.targets),
            "--max-score": (options.max_score, old.target_scale[0]),
            "--hidden": (options.hidden, old.network.shape[1:-1]),
            "--bias": (options.bias, all(layer.bias is not None for layer in old.network.layers)),
            "--activation": (
                options.activation,
                hidden_layers[0].activation if hidden_layers else None,
            ),
            "--init": (options.init, facts.init),
            "--seed": (options.seed, facts.seed),
        }
    )
    table = dataset.name_columns(table, old.features, old.targets)
    dataset.model_columns(table, [*old.features, *old.targets])
    data = dataset.read_dataset(table, features=old.features, targets=old.targets)
    hint = "The best score comes from the resumed model's target_scale."
    dataset.check_scores(table, data, old.target_scale, hint=hint)
    if facts.sha256 not in (None, data.sha256):
        warn(f"the model was trained on other data: {facts.data or 'another file'}.")
    return Job(data, old, facts)


def _check_agrees(pairs: dict[str, tuple[object, object]]) -> None:
    """Refuse an option that contradicts the model that is resumed."""
    for option, (given, has) in pairs.items():
        if given is not None and given != has:
            raise UsageError(
                f"{option} does not fit --resume: the model goes on as it is. Leave {option} out."
            )


def _note(data: Dataset, *, quietly: bool) -> None:
    """Say what was noticed while reading."""
    if not quietly:
        for note in data.notes:
            say(f"Note: {note}")
    for position, feature in enumerate(data.features):
        if not data.inputs[:, position].any():
            warn(f"column {quoted(feature)} is zero in every row: nothing can be learned from it.")


def _run(
    job: Job,
    *,
    epochs: int,
    tolerance: float | None,
    output: str,
    losses: list[tuple[int, float]] | None,
    log_every: int | None,
    quietly: bool,
    wants_stop: Callable[[], bool],
) -> Run:
    """Train, with progress on a terminal, and save every half minute."""
    from scorenet_cli import fitting, optimizers, training

    inputs, actual = fitting.scaled_rows(job.start, job.dataset)
    saved_at = time.monotonic()

    def each_epoch(epoch: int, loss: float) -> None:
        if losses is not None:
            losses.append((epoch, loss))
        if log_every is not None and epoch % log_every == 0:
            say(f"epoch {epoch}  loss {loss:.10g}")

    with ExitStack() as stack:
        progress = None
        if sys.stderr.isatty() and not quietly and log_every is None:
            from scorenet_cli.show.progress import training_progress

            progress = stack.enter_context(training_progress(job.facts.epochs, epochs))

        def tick(epoch: int, loss: float, so_far: Callable[[], Run]) -> None:
            nonlocal saved_at
            if progress is not None:
                progress(epoch, loss)
            if time.monotonic() >= saved_at + AUTOSAVE_SECONDS:
                saved_at = time.monotonic()
                try:
                    _save(job, so_far(), output)
                except FileError as error:  # there may be room again when it matters
                    warn(f"could not save in between: {error}")

        return training.train(
            optimizers.gradient_descent(
                job.start.network, inputs, actual, job.facts.learning_rate or LEARNING_RATE
            ),
            inputs,
            actual,
            epochs=epochs,
            done=job.facts.epochs,
            history=job.facts.history,
            tolerance=tolerance,
            watcher=training.Watcher(
                each_epoch=None if losses is None and log_every is None else each_epoch,
                every=1 if losses is not None else log_every or 1,
                tick=tick,
                wants_stop=wants_stop,
            ),
        )


def _save(job: Job, run: Run, output: str) -> Model:
    """Save the model that a run came to."""
    from scorenet_cli import fitting, model_file

    model = fitting.trained_model(job.start, run, job.dataset, job.facts)
    model_file.save(model, output)
    return model


def _report(job: Job, model: Model, run: Run, *, output: str, quiet: bool, json: bool) -> None:
    """Print what the run came to, for people or for scripts."""
    if quiet and not json:
        return
    from scorenet_cli import metrics
    from scorenet_cli.model import predict

    predicted = predict(model, job.dataset.inputs).scores
    fit = metrics.measure(predicted, job.dataset.scores)
    if json:
        from scorenet_cli.show.answers import as_json, to_line

        answer: dict[str, Any] = {
            "model": output,
            "rows": len(job.dataset.inputs),
            "epochs": run.epochs,
            "optimizer": job.facts.optimizer,
            "seed": job.facts.seed,
            "loss": run.loss,
            "stopped": run.stopped,
            "seconds": run.seconds,
            "metrics": as_json(fit),
        }
        typer.echo(to_line(answer))
        return
    from scorenet_cli.show.console import show
    from scorenet_cli.show.tables import training_summary

    show(training_summary(job.dataset, predicted, run, fit))


def _command_to_go_on(csv: str | None, output: str, epochs: int, tolerance: float | None) -> str:
    """Spell out the command that takes the epochs that an interrupted run did not."""
    words = ["scorenet", "train", *([] if csv is None else [csv])]
    words += ["--resume", output, "--epochs", str(epochs)]
    if output != DEFAULT_MODEL:
        words += ["--output", output]
    if tolerance is not None:
        words += ["--tolerance", f"{tolerance!r}"]
    return shlex.join(words)


def _next_command(data: Dataset, output: str) -> str:
    """Suggest a prediction: the document's question, or the first row's values."""
    import os

    from scorenet_cli import worked_example
    from scorenet_cli.text import number

    if data.features == worked_example.FEATURES:
        values = [number(value) for value in worked_example.QUESTION]
    else:
        values = [number(float(value)) for value in data.inputs[0]]
    words = ["scorenet", "predict", *values]
    if output != os.environ.get("SCORENET_MODEL", DEFAULT_MODEL):
        words += ["--model", output]
    return shlex.join(words)
