"""What scorenet train does: read, start or resume, run, save, report."""

from __future__ import annotations

import csv
import dataclasses
import math
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Literal, cast, get_args

import numpy as np
import typer

from scorenet_cli import (
    dataset,
    files,
    fitting,
    levenberg_marquardt,
    metrics,
    model_file,
    network,
    optimizers,
    training,
    worked_example,
)
from scorenet_cli.cli.options import (
    DEFAULT_BATCH_SIZE,
    DEFAULT_HIDDEN,
    DEFAULT_LEARNING_RATES,
    DEFAULT_MAX_SCORE,
    DEFAULT_MODEL,
    DEFAULT_OPTIMIZER,
    DEFAULT_SEED,
)
from scorenet_cli.cli.report import say, warn
from scorenet_cli.cli.stopping import stop_wish
from scorenet_cli.dataset import Dataset, Table
from scorenet_cli.errors import DataError, FileError, ModelError, UsageError
from scorenet_cli.model import Model, TrainingRecord, predict
from scorenet_cli.network import ActivationName, InitName, Network
from scorenet_cli.text import listed, number, quoted
from scorenet_cli.training import Run

OptimizerName = Literal["gd", "adam", "lm"]
HistoryLine = tuple[int, float, float | None]

AUTOSAVE_SECONDS = 30.0
FEWEST_TO_SPLIT = 2
# A model file of more would pass the 256 MB that a model may have.
MOST_PARAMETERS = 10_000_000
HISTORY_HEADER = "epoch,loss"
# More values than these are not suggested for typing.
MOST_VALUES = 8


@dataclasses.dataclass(frozen=True)
class Options:
    """What the command line says; None where it says nothing."""

    csv: str | None
    features: tuple[str, ...] | None
    targets: tuple[str, ...] | None
    max_score: float | None
    hidden: tuple[int, ...] | None
    bias: Literal[True] | None
    activation: ActivationName | None
    init: InitName | None
    seed: int | None
    optimizer: OptimizerName | None
    learning_rate: float | None
    batch_size: int | None
    restarts: int
    validation: float | None
    patience: int | None
    epochs: int
    tolerance: float | None
    resume: str | None
    output: str
    history: str | None
    log_every: int | None
    quiet: bool
    json: bool

    @property
    def talks(self) -> bool:
        """Whether there is somebody to talk to: notes, progress, what to type next."""
        return not (self.quiet or self.json)


@dataclasses.dataclass(frozen=True, eq=False)
class Job:
    """What is trained on what.

    held_back are the rows for validation; start is the model before training, networks the
    starts; facts are what the record knows before the run.
    """

    data: Dataset
    held_back: Dataset | None
    start: Model
    networks: tuple[Network, ...]
    optimizer: OptimizerName
    learning_rate: float | None
    batch_size: int | None
    facts: TrainingRecord


def run(options: Options) -> None:
    """Train, save and report; raises the error that fits what is in the way."""
    _check_numbers(options)
    _check_places(options)
    old = None if options.resume is None else model_file.load(options.resume)
    table = _read_table(options)
    job = _new_job(table, options) if old is None else _resumed_job(table, options, old)
    _note(job.data, options)

    losses: list[HistoryLine] = []
    with stop_wish() as wish:
        result = _train(job, options, losses, wants_stop=lambda: wish.signal is not None)
        model = _save(job, result, options.output)
        _save_history(job, options, losses, result)

    _report(job, model, result, options)
    if result.stopped == "interrupted":
        left = job.facts.epochs + options.epochs - result.epochs
        say(
            f"Interrupted after {result.epochs:,} epochs. The weights are saved. Go on with:\n"
            f"{_command_to_go_on(options, left)}"
        )
        raise typer.Exit(wish.exit_status)
    if options.talks:
        say(f"Saved {files.shown(options.output)}. Next: {_next_command(job.data, options)}")


def _check_numbers(options: Options) -> None:
    """Refuse nan, infinity, and zero where it makes no sense."""
    for option, value, least in (
        ("--max-score", options.max_score, "above 0"),
        ("--learning-rate", options.learning_rate, "above 0"),
        ("--tolerance", options.tolerance, "of at least 0"),
    ):
        if value is not None and not (math.isfinite(value) and (value > 0 or "at" in least)):
            raise UsageError(f"{option} must be a finite number {least}.")
    if options.validation is not None and not 0 < options.validation < 1:
        raise UsageError("--validation takes a part between 0 and 1, 0.2 for a fifth of the rows.")
    if options.patience is not None and options.validation is None:
        raise UsageError("--patience watches the rows held back: it needs --validation.")
    if options.restarts > 1 and options.resume is not None:
        raise UsageError("--restarts makes new starts, and --resume goes on from one: take one.")


def _check_places(options: Options) -> None:
    """Find out before the work what could not be written after it."""
    for option, place in (("--output", options.output), ("--history", options.history)):
        if place == "-":
            raise UsageError(f"{option} takes a file's name: standard output has the results.")
    model_file.check_output(options.output)
    if options.history is None:
        return
    for what, other in (
        ("the CSV", options.csv),
        ("--output", options.output),
        ("--resume", options.resume),
    ):
        if other is not None and files.same(other, options.history):
            raise UsageError(f"--history would overwrite {what}: {quoted(options.history)}.")
    files.check_writable(options.history)
    if os.path.isfile(options.history) and not _read_history(options.history):
        raise FileError(
            f"{files.shown(options.history)}: exists and is not a history, so it is left alone. "
            "Choose another name, or move it away."
        )


def _read_history(path: str) -> list[str]:
    """Read the lines of a history that was saved before; none where it is something else."""
    lines = files.read_bytes(path).decode(errors="replace").splitlines()
    return lines if lines and lines[0].startswith(HISTORY_HEADER) else []


def _save_history(job: Job, options: Options, losses: list[HistoryLine], result: Run) -> None:
    """Write every epoch's loss; a resumed run's go behind those that are there already."""
    if options.history is None:
        return
    if losses and losses[-1][0] == result.best_epoch:  # the one figure for what was saved
        losses[-1] = (result.best_epoch, result.loss, losses[-1][2])
    before: list[str] = []
    if options.resume is not None and os.path.isfile(options.history):
        before = [
            line
            for line in _read_history(options.history)[1:]
            if int(line.partition(",")[0]) <= job.facts.epochs
        ]
    header = HISTORY_HEADER if job.held_back is None else f"{HISTORY_HEADER},validation_loss"
    lines = [
        header,
        *before,
        *(",".join(repr(value) for value in line if value is not None) for line in losses),
    ]
    files.write_whole(options.history, "\n".join(lines) + "\n")


def parse_hidden(text: str) -> tuple[int, ...]:
    """Read 3 or 16,8."""
    if not re.fullmatch(r"0*[1-9]\d{0,8}(,0*[1-9]\d{0,8})*", text, re.ASCII):
        raise UsageError(f"--hidden takes a size, or sizes between commas, and not {quoted(text)}.")
    return tuple(int(size) for size in text.split(","))


def parse_names(text: str) -> tuple[str, ...]:
    """Read A,B as a line of CSV: a name with a comma in it stands between double quotes."""
    try:
        names = tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))
    except csv.Error:
        names = ()
    if not names or not all(names):
        raise UsageError(f"--features takes names between commas, and not {quoted(text)}.")
    return names


def _read_table(options: Options) -> Table:
    """Read the CSV, or the document's rows where none is named."""
    if options.csv is not None:
        return dataset.read_table(options.csv)
    return dataset.make_table(worked_example.ROWS_CSV, worked_example.ROWS_SOURCE)


def _new_job(table: Table, options: Options) -> Job:
    """Train new networks, made by the options, on the columns they choose."""
    data = dataset.read_dataset(table, features=options.features, targets=options.targets)
    hidden = options.hidden or parse_hidden(DEFAULT_HIDDEN)
    shape = (len(data.features), *hidden, len(data.targets))
    bias = options.bias or False
    if network.count_parameters(shape, bias=bias) > MOST_PARAMETERS:
        raise UsageError(
            f"--hidden: the network would have more than {MOST_PARAMETERS:,} parameters."
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
    train_rows, held_back = _split(data, options, seed)
    start = fitting.untrained_model(networks[0], train_rows, max_score)
    facts = TrainingRecord(seed=seed, init=init)
    return _job(train_rows, held_back, start, networks, facts, options)


def _split(data: Dataset, options: Options, seed: int) -> tuple[Dataset, Dataset | None]:
    """Hold back rows for validation, where a part of them is asked for."""
    if options.validation is None:
        return data, None
    rows = len(data.inputs)
    if rows < FEWEST_TO_SPLIT:
        raise DataError(f"{data.source}: {rows} rows cannot be split. Leave --validation out.")
    kept, held_back = training.split(rows, options.validation, seed)
    return data.take(kept), data.take(held_back)


def _job(
    data: Dataset,
    held_back: Dataset | None,
    start: Model,
    networks: tuple[Network, ...],
    before: TrainingRecord,
    options: Options,
) -> Job:
    """Settle the optimizer and its options: what is said, else the resumed run's, else usual."""
    optimizer = options.optimizer or before.optimizer or DEFAULT_OPTIMIZER
    if optimizer not in get_args(OptimizerName):
        raise ModelError(f"the model was trained by {quoted(optimizer)}. Say which --optimizer.")
    if optimizer == "lm":
        levenberg_marquardt.check_size(start.network)
    goes_on = before.optimizer == optimizer
    if before.optimizer is not None and not goes_on:
        warn(f"the model was trained by {before.optimizer}; {optimizer} starts afresh.")
        before = dataclasses.replace(before, state=None, learning_rate=None, batch_size=None)
    rate = options.learning_rate or before.learning_rate or DEFAULT_LEARNING_RATES.get(optimizer)
    batch_size = options.batch_size or before.batch_size or DEFAULT_BATCH_SIZE
    for option, given, takers in (
        ("--learning-rate", options.learning_rate, {"gd", "adam"}),
        ("--batch-size", options.batch_size, {"adam"}),
    ):
        if given is not None and optimizer not in takers:
            raise UsageError(f"{option} means nothing to --optimizer {optimizer}. Leave it out.")
    facts = dataclasses.replace(
        before,
        optimizer=optimizer,
        learning_rate=None if optimizer == "lm" else rate,
        batch_size=batch_size if optimizer == "adam" else None,
        validation=options.validation,
        restarts=options.restarts if options.restarts > 1 else None,
    )
    return Job(
        data=data,
        held_back=held_back,
        start=start,
        networks=networks,
        optimizer=cast("OptimizerName", optimizer),
        learning_rate=facts.learning_rate,
        batch_size=facts.batch_size,
        facts=facts,
    )


def _resumed_job(table: Table, options: Options, old: Model) -> Job:
    """Go on with a model, its columns and its scaling; options may repeat what it is."""
    before = old.training or TrainingRecord()
    unscaled = bool((old.target_scale == 1.0).all())
    if unscaled and options.max_score is not None:  # weights alone, as the document saves them
        old = dataclasses.replace(old, target_scale=old.target_scale * options.max_score)
    hidden = old.network.layers[:-1]
    _check_agrees(
        {
            "--features": (options.features, old.features),
            "--target": (options.targets, old.targets),
            "--max-score": (options.max_score, float(old.target_scale[0])),
            "--hidden": (options.hidden, old.network.shape[1:-1]),
            "--bias": (options.bias, all(layer.bias is not None for layer in old.network.layers)),
            "--activation": (options.activation, hidden[0].activation if hidden else None),
            "--init": (options.init, before.init),
            "--seed": (options.seed, before.seed),
        }
    )
    table = dataset.name_columns(table, old.features, old.targets)
    dataset.model_columns(table, [*old.features, *old.targets])
    data = dataset.read_dataset(table, features=old.features, targets=old.targets)
    hint = None if unscaled else "The best score comes from the resumed model's target_scale."
    dataset.check_scores(table, data, old.target_scale, hint=hint)
    if before.sha256 not in {None, data.sha256}:
        warn(f"the model was trained on other data: {before.data or 'another file'}.")
    data, held_back = _split(data, options, before.seed or DEFAULT_SEED)
    return _job(data, held_back, old, (old.network,), before, options)


def _check_agrees(pairs: dict[str, tuple[object, object]]) -> None:
    """Refuse an option that contradicts the model that is resumed."""
    for option, (given, has) in pairs.items():
        if given is not None and given != has:
            raise UsageError(
                f"{option} does not fit --resume: the model goes on as it is. Leave {option} out."
            )


def _note(data: Dataset, options: Options) -> None:
    """Say what was noticed while reading."""
    if options.talks:
        if options.csv is None:
            say(f"No CSV is named: training on {worked_example.ROWS_SOURCE}.")
        for note in data.notes:
            say(f"Note: {note}")
    zero = [
        feature
        for feature, column in zip(data.features, data.inputs.T, strict=True)
        if not column.any()
    ]
    if zero:
        warn(f"zero in every row, so that nothing can be learned from it: {listed(zero)}.")


def _train(
    job: Job, options: Options, losses: list[HistoryLine], wants_stop: Callable[[], bool]
) -> Run:
    """Train, with progress on a terminal, and save every half minute.

    losses is filled with every epoch's where a history is asked for.
    """
    rows = fitting.scaled_rows(job.start, job.data)
    validation = None if job.held_back is None else fitting.scaled_rows(job.start, job.held_back)
    goal = training.Goal(options.epochs, options.tolerance, validation, options.patience)
    log_every = options.log_every if options.talks else None
    saved_at = time.monotonic()
    finished: list[Run] = []

    def each_epoch(epoch: int, loss: float, validation_loss: float | None) -> None:
        if options.history is not None:
            losses.append((epoch, loss, validation_loss))
        if log_every is not None and epoch % log_every == 0:
            beside = "" if validation_loss is None else f"  validation {validation_loss:.10g}"
            say(f"epoch {epoch}  loss {loss:.10g}{beside}")

    with ExitStack() as stack:
        progress = None
        if sys.stderr.isatty() and options.talks and log_every is None:
            from scorenet_cli.show.progress import training_progress

            progress = stack.enter_context(training_progress(job.facts.epochs, options.epochs))

        def tick(epoch: int, loss: float, so_far: Callable[[], Run]) -> None:
            nonlocal saved_at
            if progress is not None:
                progress(epoch, loss)
            if time.monotonic() >= saved_at + AUTOSAVE_SECONDS:
                saved_at = time.monotonic()
                try:
                    _save(job, training.best_of([*finished, so_far()]), options.output)
                except FileError as error:  # there may be room again when it matters
                    warn(f"could not save in between: {error}")

        watcher = training.Watcher(
            each_epoch=each_epoch if options.history or log_every else None,
            every=1 if options.history else log_every or 1,
            tick=tick,
            wants_stop=wants_stop,
        )
        # Gradient descents go side by side; each has an eye on validation only by itself.
        together = job.optimizer == "gd" and validation is None
        stacks = [job.networks] if together else [(each,) for each in job.networks]
        for number, networks in enumerate(stacks):
            finished.append(
                training.train(
                    _optimizer(job, networks, rows, number),
                    rows,
                    goal,
                    done=job.facts.epochs,
                    history=job.facts.history,
                    watcher=watcher
                    if number == 0
                    else dataclasses.replace(watcher, each_epoch=None),
                )
            )
            if finished[-1].stopped == "interrupted":
                break
    return finished[0] if together else training.best_of(finished)


def _optimizer(
    job: Job, networks: tuple[Network, ...], rows: training.Rows, number: int
) -> Iterator[optimizers.State]:
    """Start the job's optimizer on some of its networks, the first of which is start `number`."""
    if job.optimizer == "lm":
        return levenberg_marquardt.levenberg_marquardt(networks[0], *rows, memory=job.facts.state)
    if job.optimizer == "adam":
        return optimizers.adam(
            networks[0],
            *rows,
            learning_rate=job.learning_rate or DEFAULT_LEARNING_RATES["adam"],
            batch_size=job.batch_size or DEFAULT_BATCH_SIZE,
            seed=(job.facts.seed or 0) + number,
            memory=job.facts.state,
        )
    rate = job.learning_rate or DEFAULT_LEARNING_RATES["gd"]
    return optimizers.gradient_descent(networks, *rows, learning_rate=rate)


def _save(job: Job, result: Run, output: str) -> Model:
    """Save the model that a run came to."""
    facts = job.facts
    if facts.seed is not None:
        facts = dataclasses.replace(facts, seed=facts.seed + result.start)
    model = fitting.trained_model(job.start, result, job.data, facts)
    model_file.save(model, output)
    return model


def _report(job: Job, model: Model, result: Run, options: Options) -> None:
    """Print what the run came to, for people or for scripts, and what is wrong with it."""
    known = (job.data.inputs, job.data.scores)
    predicted = predict(model, job.data.inputs).scores
    fit = metrics.compare(predicted, *known, known)
    validation = None
    if job.held_back is not None:
        there = predict(model, job.held_back.inputs).scores
        validation = metrics.compare(there, job.held_back.inputs, job.held_back.scores, known)
    spread = fitting.spread_of_starts(job.start, job.data, result)
    if options.json:
        from scorenet_cli.show.answers import as_json, to_line

        answer = {
            "model": options.output,
            "rows": len(job.data.inputs) + len(job.held_back.inputs if job.held_back else ()),
            "epochs": result.epochs,
            "optimizer": job.optimizer,
            "seed": None if model.training is None else model.training.seed,
            "loss": result.loss,
            "stopped": result.stopped,
            "seconds": result.seconds,
            "metrics": as_json(fit),
        }
        if validation is not None:
            answer["best_epoch"] = result.best_epoch
            answer["metrics"]["validation"] = as_json(validation)
        if spread is not None:
            answer["restarts"] = as_json(spread)
        typer.echo(to_line(answer))
    elif not options.quiet:
        from scorenet_cli.show.console import show
        from scorenet_cli.show.tables import training_summary

        show(
            training_summary(
                job.data, predicted, result, fit=fit, validation=validation, spread=spread
            )
        )
    if result.stopped == "interrupted":
        return
    words = training.trouble(result, fitting.scaled_rows(job.start, job.data)) or metrics.verdict(
        validation or fit, rows=len(job.data.inputs), features=len(job.data.features)
    )
    if words:
        warn(("on the rows held back, " if validation and "network is" in words else "") + words)


def _command_to_go_on(options: Options, epochs: int) -> str:
    """Spell out the command that takes the epochs that an interrupted run did not."""
    words = ["scorenet", "train", *([] if options.csv is None else [options.csv])]
    words += ["--resume", options.output, "--epochs", str(epochs)]
    if options.output != DEFAULT_MODEL:
        words += ["--output", options.output]
    if options.tolerance is not None:
        words += ["--tolerance", repr(options.tolerance)]
    if options.history is not None:
        words += ["--history", options.history]
    if options.validation is not None:
        words += ["--validation", repr(options.validation)]
    if options.patience is not None:
        words += ["--patience", str(options.patience)]
    return shlex.join(words)


def _next_command(data: Dataset, options: Options) -> str:
    """Suggest a prediction: the document's question, or the first row's values."""
    if data.features == worked_example.FEATURES:
        values = [number(value) for value in worked_example.QUESTION]
    else:
        values = [number(value) for value in data.inputs[0].tolist()]
    if len(values) > MOST_VALUES:
        values = ["--csv", "NEW.csv"]
    words = ["scorenet", "predict", *values]
    if options.output != os.environ.get("SCORENET_MODEL", DEFAULT_MODEL):
        words += ["--model", options.output]
    return shlex.join(words)
