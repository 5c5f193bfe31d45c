"""Help in groups of options, and one style for every error on the command line."""

import re
from typing import Any

import typer
from typer.core import TyperCommand

from scorenet_cli.text import did_you_mean, quoted

# Typer's class of usage errors, the base of its public BadParameter.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

# Option names of other tools; similarity of spelling would not find ours.
_MEANINGS = {
    "--alpha": "--learning-rate",
    "--cv": "--folds",
    "--decimals": "--precision",
    "--decay": "--weight-decay",
    "--digits": "--precision",
    "--eta": "--learning-rate",
    "--goal": "--actual",
    "--inputs": "--features",
    "--iterations": "--epochs",
    "--l2": "--weight-decay",
    "--label": "--target",
    "--layers": "--hidden",
    "--lr": "--learning-rate",
    "--neurons": "--hidden",
    "--solver": "--optimizer",
    "--steps": "--epochs",
    "--y": "--target",
}
_HELP_WIDTH = 100
# The option that begins a group of options in the help.
_GROUPS = {"target": "Data", "hidden": "Network", "optimizer": "Training", "output": "Output"}


class Command(TyperCommand):
    """A command whose help lists its options in groups, at the terminal's width up to 100."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own types
        """Parse the command line; attach the command to errors, which name its --help."""
        ctx.meta["behind"] = args[args.index("--") :] if "--" in args else []
        try:
            return super().parse_args(ctx, args)
        except UsageError as error:
            error.ctx = ctx  # type: ignore[attr-defined]
            raise

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - Typer's own types
        """Write the arguments, and the options in groups."""
        groups: dict[str, list[tuple[str, str]]] = {}
        group = "Options"
        for param in self.get_params(ctx):
            group = _GROUPS.get(str(param.name), group)
            if record := param.get_help_record(ctx):
                text = re.sub(r"\[default: \((.*)\)\]", r"[default: \1]", record[1])
                name = "Arguments" if param.param_type_name == "argument" else group
                groups.setdefault(name, []).append((record[0], text))
        for name, records in groups.items():
            with formatter.section(name):
                formatter.write_dl(records)


CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": _HELP_WIDTH}


def usage_message(error: Any) -> str:  # noqa: ANN401 - Typer's own types
    """Say what is wrong with a command line, and where to read on."""
    command = "scorenet" if error.ctx is None else error.ctx.command_path
    return f"{_reason(error)} See: {command} --help"


def _reason(error: Any) -> str:  # noqa: ANN401 - Typer's own types
    name: str = getattr(error, "option_name", "")
    if isinstance(error, typer.BadParameter) and error.param is not None and error.message:
        is_option = error.param.param_type_name == "option"
        place = error.param.opts[0] if is_option else error.param.human_readable_name
        text = re.sub(r"(.+) is not one of (.+)\.", _expects_one_of, error.message)
        return _sentence(f"{place} {text}")
    if type(error).__name__ == "NoSuchOption":
        return no_option(name, option_names(error.ctx))
    if name:
        text = error.message.removeprefix(f"Option {name!r} ").rstrip(".")
        return f"{name} {text.replace('requires an argument', 'needs a value')}."
    text = " ".join(str(error.format_message()).split())
    if extra := re.fullmatch(r"Got unexpected extra argument\(s\) \((.*)\)", text):
        return f"unexpected argument {quoted(extra[1])}. Leave it out."
    return _sentence(f"{text[:1].lower()}{text[1:]}")


def _sentence(text: str) -> str:
    return text if text.endswith(("?", ".")) else f"{text}."


def option_names(context: typer.Context) -> list[str]:
    """Return all spellings of a command's options."""
    return [option for param in context.command.params for option in param.opts]


def _expects_one_of(match: re.Match[str]) -> str:
    given, known = match.groups()
    names = re.findall(r"'([^']*)'", known)
    hint = did_you_mean(given.strip("'"), names)
    return f"expects one of {', '.join(names)}; got {given}.{hint}"


def no_option(text: str, known: list[str]) -> str:
    """Say that there is no such option, and which one may be meant."""
    name = text.partition("=")[0]
    meant = _MEANINGS.get(name)
    suggestion = f" Did you mean {quoted(meant)}?" if meant in known else did_you_mean(name, known)
    return f"there is no option {quoted(name)}.{suggestion}"
