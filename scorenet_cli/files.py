"""Reading and writing files so that nothing is half-read or half-written."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
from pathlib import Path

from scorenet_cli.errors import FileError
from scorenet_cli.text import printable

# Names of files that are open already: to replace one would leave its reader with the old.
_OPEN_FILE = re.compile(r"/dev/(stdin|stdout|stderr|fd/\d+)|/proc/(self|\d+)/fd/\d+")


def shown(path: str | Path) -> str:
    """Return a path as messages show it."""
    return "standard input" if str(path) == "-" else printable(str(path))


def read_bytes(path: str | Path, *, limit: int | None = None) -> bytes:
    """Read a whole file, or standard input for '-'; FileError says why it cannot be done."""
    name = shown(path)
    size = -1 if limit is None else limit + 1
    try:
        if str(path) == "-":
            if sys.stdin is None:  # pragma: no cover - a process started with it closed
                raise FileError("standard input is closed: give a file instead of -.")
            data = sys.stdin.buffer.read(size)
        else:
            if os.path.isdir(path):
                raise FileError(f"{name}: is a folder, not a file.")
            with open(path, "rb") as file:
                data = file.read(size)
    except (OSError, ValueError) as error:
        raise FileError(f"{name}: cannot be read: {_reason(error)}.") from error
    if limit is not None and len(data) > limit:
        raise FileError(f"{name}: is larger than {limit // 1_000_000} MB.")
    return data


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write a file whole or leave what was there: temporary file, flush, rename, folder.

    Text is UTF-8. A link is followed; a device or pipe is written to directly.
    FileError says why it cannot be done.
    """
    try:
        data = content.encode() if isinstance(content, str) else content
        if _is_stream(path):
            with open(path, "ab") as stream:
                stream.write(data)
            return
        target = os.path.realpath(path)
        _replace(target, data, _mode(target))
    except (OSError, ValueError) as error:
        raise FileError(
            f"{shown(path)}: cannot be written: {_reason(error)}. Nothing was changed there."
        ) from error


def check_writable(path: str | Path) -> None:
    """Fail early, with FileError, where write_whole could only fail later."""
    name = shown(path)
    if not str(path):
        raise FileError("a file to write has no name: give one.")
    if os.path.isdir(path):
        raise FileError(f"{name}: is a folder; give the name of a file to write.")
    if _is_stream(path):
        return
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise FileError(f"{name}: there is no folder {shown(folder)}; make it first.")
    if not os.access(folder, os.W_OK):  # a file is replaced, so the folder counts
        raise FileError(f"{name}: the folder {shown(folder)} cannot be written to.")


def _is_stream(path: str | Path) -> bool:
    """Tell whether there is a device or pipe, or a name for an open file like /dev/stdout."""
    mode = _mode(path)
    if mode is None or stat.S_ISDIR(mode):
        return False
    return not stat.S_ISREG(mode) or bool(_OPEN_FILE.fullmatch(str(path)))


def exists(path: str) -> bool:
    """Tell whether something is there; FileError where that cannot be told."""
    try:
        return _mode(path) is not None
    except (OSError, ValueError) as error:
        raise FileError(f"{shown(path)}: cannot be read: {_reason(error)}.") from error


def same(one: str, other: str) -> bool:
    """Tell whether two paths lead to one file."""
    return os.path.realpath(one) == os.path.realpath(other)


def _mode(target: str | Path) -> int | None:
    """Return the file's mode, or None where there is no file yet."""
    try:
        return os.stat(target).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _replace(target: str, data: bytes, mode: int | None) -> None:
    """Put data in place of target in one step; target is a plain file or nothing."""
    import tempfile  # noqa: PLC0415 - costs start-up time, and only writing needs it

    folder = os.path.dirname(target)
    handle, temporary = tempfile.mkstemp(prefix=".scorenet-", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask() if mode is None else stat.S_IMODE(mode))
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if hasattr(os, "O_DIRECTORY"):
        with contextlib.suppress(OSError):  # not every folder can be opened or synced
            directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)


def _umask() -> int:
    """Return the process's umask; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _reason(error: OSError | ValueError) -> str:
    """Say the system's own reason, in lower case."""
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]
