"""`python -m scorenet_cli` is the `scorenet` command."""

from scorenet_cli.cli import main

if __name__ == "__main__":
    main()
