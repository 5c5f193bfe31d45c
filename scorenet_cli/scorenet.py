"""Installed as the module `scorenet`, so that `python -m scorenet` runs the command."""

from scorenet_cli.__main__ import main

if __name__ == "__main__":
    main()
