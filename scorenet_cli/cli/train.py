"""scorenet train: from a CSV to a saved model. Options in; training_run.py does the work."""

from typing import Annotated, Literal

import typer

from scorenet_cli.cli.options import (
    DEFAULT_BATCH_SIZE,
    DEFAULT_HIDDEN,
    DEFAULT_LEARNING_RATES,
    DEFAULT_MAX_SCORE,
    DEFAULT_MODEL,
    DEFAULT_OPTIMIZER,
    DEFAULT_SEED,
    JsonOption,
)


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
            metavar="SCORE",
            show_default=f"{DEFAULT_MAX_SCORE:g}",
            help="Best score; scores divide by it.",
        ),
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(
            metavar="N[,N]",
            show_default=DEFAULT_HIDDEN,
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
        typer.Option(
            metavar="N", min=0, show_default=f"{DEFAULT_SEED}", help="Of the starting weights."
        ),
    ] = None,
    optimizer: Annotated[
        Literal["gd", "adam", "lm"] | None,
        typer.Option(
            show_default=DEFAULT_OPTIMIZER,
            help="gd: full-batch gradient descent, as in the document. adam: for large networks "
            "and data. lm: Levenberg-Marquardt, by far the fastest for small ones.",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            metavar="RATE",
            show_default=", ".join(f"{o} {r:g}" for o, r in DEFAULT_LEARNING_RATES.items()),
            help="Size of a step; lm finds its own.",
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, show_default=f"{DEFAULT_BATCH_SIZE}", help="Rows of a step of adam."
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(metavar="N", min=0, help="Steps to take.")] = 1000,
    tolerance: Annotated[
        float | None, typer.Option(metavar="LOSS", min=0, help="Stop at this loss.")
    ] = None,
    restarts: Annotated[
        int,
        typer.Option(metavar="N", min=1, max=1000, help="Best of N starts: seed, seed + 1, ..."),
    ] = 1,
    validation: Annotated[
        float | None,
        typer.Option(
            metavar="FRACTION", help="Hold this part of the rows back; keep the epoch best on it."
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Stop when N epochs bring validation no gain."),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="Go on from this model, for --epochs more, into --output."
        ),
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
    from scorenet_cli.cli.training_run import run
    from scorenet_cli.training.settings import Options, parse_hidden, parse_names

    run(
        Options(
            csv=csv,
            features=None if features is None else parse_names(features),
            targets=None if target is None else tuple(target),
            max_score=max_score,
            hidden=None if hidden is None else parse_hidden(hidden),
            bias=bias or None,
            activation=activation,
            init=init,
            seed=seed,
            optimizer=optimizer,
            learning_rate=learning_rate,
            batch_size=batch_size,
            restarts=restarts,
            validation=validation,
            patience=patience,
            epochs=epochs,
            tolerance=tolerance,
            resume=resume,
            output=output,
            history=history,
            log_every=log_every,
            quiet=quiet,
            json=json,
        )
    )
