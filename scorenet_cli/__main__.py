"""The `scorenet` command, also as `python -m scorenet_cli`."""

import sys


def main() -> None:
    """Run the command; Ctrl-C while it is still being loaded ends it quietly, too."""
    try:
        from scorenet_cli.cli import main as run  # noqa: PLC0415 - so that Ctrl-C finds us here

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
