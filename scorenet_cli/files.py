"""Reading and writing files completely or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from io import BufferedReader, FileIO
from pathlib import Path
from typing import cast

from scorenet_cli.errors import FileError
from scorenet_cli.text import printable

# Aliases of open descriptors: write through, never replace.
_OPEN_FILE = re.compile(r"/dev/(stdin|stdout|stderr|fd/\d+)|/proc/(self|\d+)/fd/\d+")
# Largest model file that is read, in bytes.
MAX_MODEL_BYTES = 256_000_000

# Names that consist of an extension only, i.e. hidden files.
_ENDINGS = (".svg", ".html", ".txt", ".json", ".csv")

_PREFIX, _SUFFIX = ".scorenet-", ".tmp"
# Windows has no such locks: a temporary file older than this is treated as left behind.
LEFT_BEHIND_SECONDS = 60


def display_path(path: str | Path) -> str:
    """Return a path as messages show it."""
    return "standard input" if str(path) == "-" else printable(str(path)) or "''"


def read_bytes(path: str | Path, *, limit: int | None = None) -> bytes:
    """Read a whole file, or standard input for '-'; raises FileError."""
    try:
        with _opened(path) as file:
            data = file.read(-1 if limit is None else limit + 1)
    except (OSError, ValueError) as error:
        raise _not_read(path, error) from error
    if limit is not None and len(data) > limit:
        raise FileError(
            f"{display_path(path)} is larger than the limit of {limit // 1_000_000} MB."
        )
    return data


def read_chunks(path: str | Path, size: int) -> Iterator[bytes]:
    """Yield what read_bytes reads, in chunks of at most size bytes, as soon as they arrive."""
    try:
        with _opened(path) as file:
            while chunk := file.read1(size):
                yield chunk
    except (OSError, ValueError) as error:
        raise _not_read(path, error) from error


def _opened(path: str | Path) -> AbstractContextManager[BufferedReader]:
    """Open a file, or standard input for '-', which stays open."""
    _check_name(path)
    if str(path) != "-":
        if os.path.isdir(path):
            raise FileError(f"{display_path(path)} is a folder, not a file.")
        return open(path, "rb")
    if sys.stdin is None:  # pragma: no cover - a process started with it closed
        raise FileError("standard input is closed: give a file instead of -.")
    return contextlib.nullcontext(cast("BufferedReader", sys.stdin.buffer))


def write_atomic(path: str | Path, content: str | bytes) -> None:
    """Replace a file completely or leave it unchanged; raises FileError."""
    with writer(path) as write:
        write(content)


@contextmanager
def writer(path: str | Path) -> Iterator[Callable[[str | bytes], None]]:
    """Write a file in parts, completely or not at all: temporary file, flush, rename, folder.

    The old file stays unless the block ends without an exception. Text is UTF-8. A link is
    followed; a device or pipe is written to directly. Raises FileError.
    """
    _check_name(path)
    with ExitStack() as stack:
        with as_file_error(path):
            is_stream = _is_stream(path)
            if not is_stream:
                _check_replaceable(path)
            target = os.path.realpath(path)
            opened = FileIO(path, "a") if is_stream else _temporary(os.path.dirname(target))
            file = stack.enter_context(opened)

        def write(content: str | bytes) -> None:
            with as_file_error(path):
                left = memoryview(content.encode() if isinstance(content, str) else content)
                while left:
                    left = left[file.write(left) :]

        yield write
        if not is_stream:
            with as_file_error(path):
                _replace(target, file)


@contextmanager
def as_file_error(path: str | Path) -> Iterator[None]:
    """Turn the system's errors while writing into FileError."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise FileError(
            f"{display_path(path)} cannot be written: {reason_of(error)}. "
            "Nothing was written to it."
        ) from error


def _not_read(path: str | Path, error: OSError | ValueError) -> FileError:
    """Return the error for a file that cannot be read."""
    if str(path).startswith(("http://", "https://")):
        words = "is a web address, not a file. Download it first: curl -LO URL"
        return FileError(f"{display_path(path)} {words}")
    return FileError(f"{display_path(path)} cannot be read: {reason_of(error)}.")


def check_writable(path: str | Path) -> None:
    """Raise FileError early if write_atomic would fail later."""
    name = display_path(path)
    _check_name(path)
    if os.path.basename(path).lower() in _ENDINGS:
        raise FileError(f"{name} is only a file extension. Put a name before it.")
    with as_file_error(path):
        if os.path.isdir(path):
            raise FileError(f"{name} is a folder; give the name of a file to write.")
        if _is_stream(path):
            return
        _check_replaceable(path)
        folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise FileError(
            f"{name} cannot be written: there is no folder {display_path(folder)}. Create it first."
        )
    if not os.access(folder, os.W_OK):  # replacing a file needs the folder's permission
        raise FileError(
            f"{name} cannot be written: the folder {display_path(folder)} is not writable. "
            "Choose another folder."
        )


def _check_name(path: str | Path) -> None:
    """Reject an empty name, which the system's message would not show."""
    if not str(path):
        raise FileError("a file name is empty: a shell variable may be unset. Give a file name.")


def _check_replaceable(path: str | Path) -> None:
    """Refuse to replace a read-only file; the system checks only the folder's permissions."""
    mode = _mode(path)
    if mode is not None and stat.S_ISREG(mode) and not mode & stat.S_IWUSR:
        raise FileError(
            f"{display_path(path)} is read-only, so it was not overwritten. "
            "Choose another name, or make it writable."
        )


def _is_stream(path: str | Path) -> bool:
    """Return whether path is a device or pipe, or a name of an open file like /dev/stdout."""
    mode = _mode(path)
    if mode is None or stat.S_ISDIR(mode):
        return False
    return not stat.S_ISREG(mode) or bool(_OPEN_FILE.fullmatch(str(path)))


def exists(path: str) -> bool:
    """Return whether path exists; raises FileError if that cannot be determined."""
    _check_name(path)
    try:
        return _mode(path) is not None
    except (OSError, ValueError) as error:
        raise _not_read(path, error) from error


def same(one: str, other: str) -> bool:
    """Return whether two paths lead to one file, also if the system ignores case."""
    try:
        with contextlib.suppress(OSError):  # one of them does not exist yet
            return os.path.samefile(one, other)
        return os.path.realpath(one) == os.path.realpath(other)
    except (OSError, ValueError):  # the working folder was deleted, or a null character in a name
        return False


def _mode(target: str | Path) -> int | None:
    """Return the file's mode, or None if there is no file yet."""
    try:
        return os.stat(target).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


# Temporary files of this process, which discard_temporaries removes.
_temporaries: set[str] = set()


def discard_temporaries() -> None:
    """Remove half-written files before the process exits."""
    for path in _temporaries:
        with contextlib.suppress(OSError):
            os.unlink(path)


@contextmanager
def _temporary(folder: str) -> Iterator[FileIO]:
    """Create a temporary file that is deleted at the end unless it was renamed.

    It is locked; the system releases the lock of a killed process, so the next process can
    recognize and remove its file.
    """
    _remove_left_behind(folder)
    while True:
        path = os.path.join(folder, f"{_PREFIX}{os.urandom(8).hex()}{_SUFFIX}")
        _temporaries.add(path)
        try:
            with FileIO(path, "x", opener=_private) as file:
                if not _lock(file.fileno()):  # another process removed it before it was locked
                    continue
                yield file
                return
        finally:
            with contextlib.suppress(OSError):
                os.unlink(path)
            _temporaries.discard(path)


def _private(path: str, flags: int) -> int:
    """Open with permissions for the owner only."""
    return os.open(path, flags, 0o600)


def _lock(handle: int) -> bool:
    """Lock a temporary file; return False if another process has locked or removed it."""
    if sys.platform == "win32":  # an open file cannot be removed there
        return True
    import fcntl  # noqa: PLC0415 - not on every system, and only writing needs it

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a folder without locks: no file in it is treated as left behind
        return True
    return os.fstat(handle).st_nlink > 0


def _remove_left_behind(folder: str) -> None:
    """Remove temporary files that no living process has locked."""
    with contextlib.suppress(OSError):  # a folder can be writable and not listable
        for name in os.listdir(folder):
            if name.startswith(_PREFIX) and name.endswith(_SUFFIX):
                with contextlib.suppress(OSError):
                    _remove_unlocked(os.path.join(folder, name))


def _remove_unlocked(path: str) -> None:
    """Remove a file that is not locked; raises OSError if it is, or if locks are not supported."""
    if sys.platform == "win32":  # there a file is closed before it is renamed
        if time.time() > os.stat(path).st_mtime + LEFT_BEHIND_SECONDS:
            os.unlink(path)
        return
    import fcntl  # noqa: PLC0415 - not on every system, and only writing needs it

    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    finally:
        os.close(handle)


def _replace(target: str, file: FileIO) -> None:
    """Flush a temporary file to disk and rename it to target in one step."""
    mode = _mode(target)
    os.fsync(file.fileno())
    os.chmod(file.name, 0o666 & ~_umask() if mode is None else stat.S_IMODE(mode))
    if sys.platform == "win32":  # an open file cannot be renamed there
        file.close()
    os.replace(file.name, target)
    if hasattr(os, "O_DIRECTORY"):
        with contextlib.suppress(OSError):  # not every folder can be opened or synced
            directory = os.open(os.path.dirname(target), os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)


def _umask() -> int:
    """Return the process's umask; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def reason_of(error: OSError | ValueError) -> str:
    """Return the system's reason, starting in lower case."""
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]
