from __future__ import annotations

import errno
import io
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorenet_cli.errors import FileError
from scorenet_cli.files import (
    check_writable,
    discard_temporaries,
    display_path,
    exists,
    read_bytes,
    read_chunks,
    same,
    write_atomic,
    writer,
)


@pytest.fixture
def umask_027() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def disk_full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@given(data=st.binary())
def test_bytes_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes"
    write_atomic(path, data)
    assert read_bytes(path) == data


def test_text_is_written_as_utf_8_with_its_own_line_ends(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a", "é\n\r\n")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xa9\n\r\n"


def test_what_was_there_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("a long text that was there before")
    write_atomic(path, "new")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("call", ["replace", "fsync", "chmod"])
@pytest.mark.parametrize("before", ["old", None])
def test_a_write_that_fails_leaves_what_was_there_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, before: str | None
) -> None:
    path = tmp_path / "a"
    if before is not None:
        path.write_text(before)
    monkeypatch.setattr(os, call, disk_full)
    with pytest.raises(FileError) as error:
        write_atomic(path, "new")
    assert str(error.value) == (
        f"{path} cannot be written: no space left on device. Nothing was written to it."
    )
    assert {name: (tmp_path / name).read_text() for name in os.listdir(tmp_path)} == (
        {} if before is None else {"a": before}
    )


def test_an_interrupt_leaves_what_was_there_and_goes_on_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "a"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, "new")
    assert os.listdir(tmp_path) == ["a"]
    assert path.read_text() == "old"


def test_text_that_is_not_unicode_is_refused_and_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(FileError, match="cannot be written"):
        write_atomic(path, "half a character: \ud800")
    assert path.read_text() == "old"


def test_a_folder_that_cannot_be_synced_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_files(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", only_files)
    write_atomic(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "O_DIRECTORY"), reason="folders cannot be opened here")
def test_a_folder_that_cannot_be_listed_can_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_open = os.open

    def no_folders(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_DIRECTORY:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return really_open(path, flags, mode)

    monkeypatch.setattr(os, "open", no_folders)
    write_atomic(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "new"


def test_parts_are_one_file_which_is_there_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with writer(path) as write:
        write("one\n")
        write(b"two\n")
        assert path.read_text() == "old"
    assert path.read_text() == "one\ntwo\n"
    assert os.listdir(tmp_path) == ["a"]


def test_what_goes_wrong_between_the_parts_leaves_what_was_there(tmp_path: Path) -> None:
    def fail_between() -> None:
        with writer(tmp_path / "a") as write:
            write("one\n")
            raise OSError("of something else")

    (tmp_path / "a").write_text("old")
    with pytest.raises(OSError, match="of something else"):
        fail_between()
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_what_a_dead_process_left_is_removed_and_what_is_being_written_is_not(
    tmp_path: Path,
) -> None:
    for name in (".scorenet-0123.tmp", ".scorenet-4567.tmp", "scorenet.tmp", ".other.tmp"):
        (tmp_path / name).write_text("left behind")
    with writer(tmp_path / "a") as write:
        write("one")
        (living,) = [name for name in os.listdir(tmp_path) if name.startswith(".scorenet-")]
        write_atomic(tmp_path / "b", "two")
        assert living in os.listdir(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".other.tmp", "a", "b", "scorenet.tmp"]


@pytest.mark.skipif(sys.platform == "win32", reason="links as POSIX has them")
def test_a_link_that_is_named_like_a_temporary_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    (tmp_path / ".scorenet-0.tmp").symlink_to("kept")
    (tmp_path / ".scorenet-1.tmp").mkdir()
    write_atomic(tmp_path / "a", "new")
    assert sorted(os.listdir(tmp_path)) == [".scorenet-0.tmp", ".scorenet-1.tmp", "a", "kept"]
    assert (tmp_path / "kept").read_text() == "kept"


@pytest.mark.skipif(sys.platform == "win32", reason="locks as POSIX has them")
@pytest.mark.parametrize("kind", [errno.EOPNOTSUPP, errno.ENOLCK])
def test_a_folder_without_locks_can_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: int
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(kind, os.strerror(kind))

    (tmp_path / ".scorenet-0.tmp").write_text("whose is this?")
    monkeypatch.setattr("fcntl.flock", no_locks)
    write_atomic(tmp_path / "a", "new")
    assert sorted(os.listdir(tmp_path)) == [".scorenet-0.tmp", "a"]


def test_a_temporary_file_that_was_taken_for_one_left_behind_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    really_lock, losses = fcntl.flock, iter([True, False])

    def late(handle: int, how: int) -> None:
        if next(losses):
            for path in tmp_path.iterdir():  # another process was faster
                path.unlink()
        really_lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    write_atomic(tmp_path / "a", "new")
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "new"


def test_half_written_files_can_be_discarded_at_once(tmp_path: Path) -> None:
    def write_and_discard() -> None:
        with writer(tmp_path / "a") as write:
            write("one")
            discard_temporaries()
            assert os.listdir(tmp_path) == []

    with pytest.raises(FileError, match="cannot be written"):
        write_and_discard()
    assert os.listdir(tmp_path) == []


@given(data=st.binary(max_size=50), size=st.integers(1, 60))
def test_chunks_are_the_file_piece_by_piece(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "chunks"
    path.write_bytes(data)
    chunks = list(read_chunks(path, size))
    assert b"".join(chunks) == data
    assert all(0 < len(chunk) <= size for chunk in chunks)


def test_chunks_of_what_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="none cannot be read: no such file"):
        list(read_chunks(tmp_path / "none", 10))


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o200])
def test_permissions_are_kept(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(mode)
    write_atomic(path, "new")
    assert permissions(path) == mode
    assert path.read_text() == "new"


@pytest.mark.usefixtures("umask_027")
def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a", "new")
    assert permissions(tmp_path / "a") == 0o640
    assert os.umask(0o027) == 0o027


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing yet"])
def test_a_link_is_followed(tmp_path: Path, *, there: bool) -> None:
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    if there:
        (folder / "a").write_text("old")
    link.symlink_to(Path("folder", "a"))
    write_atomic(link, "new")
    assert link.is_symlink()
    assert (folder / "a").read_text() == "new"
    assert os.listdir(folder) == ["a"]


def test_a_device_stays_a_device() -> None:
    write_atomic(os.devnull, "gone")
    assert not os.path.isfile(os.devnull)
    assert read_bytes(os.devnull) == b""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomic(pipe, "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("name", "reason"), [("", "is a directory"), ("none/a", "no such file or directory")]
)
def test_where_no_file_can_be_nothing_is_written(tmp_path: Path, name: str, reason: str) -> None:
    path = tmp_path / name
    with pytest.raises(FileError) as error:
        write_atomic(path, "new")
    assert str(error.value) == (f"{path} cannot be written: {reason}. Nothing was written to it.")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["old", "new", "link"])
def test_where_a_file_can_be_written_the_check_is_silent_and_changes_nothing(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "old").write_text("old")
    (tmp_path / "link").symlink_to("old")
    check_writable(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["link", "old"]
    assert (tmp_path / "old").read_text() == "old"


def test_a_device_may_be_written_to() -> None:
    check_writable(os.devnull)
    with pytest.raises(FileError, match="there is no folder"):
        check_writable(os.path.join(os.devnull, "a"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "{folder} is a folder; give the name of a file to write."),
        (".svg", "{folder}/.svg is only a file extension. Put a name before it."),
        (".JSON", "{folder}/.JSON is only a file extension. Put a name before it."),
        (
            "n" * 300,
            "{folder}/" + "n" * 300 + " cannot be written: file name too long. "
            "Nothing was written to it.",
        ),
        ("\0", "{folder}/ cannot be written: embedded null byte. Nothing was written to it."),
        (
            "none/a",
            "{folder}/none/a cannot be written: there is no folder {folder}/none. Create it first.",
        ),
    ],
)
def test_the_check_says_early_what_is_in_the_way(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(FileError) as error:
        check_writable(tmp_path / name)
    assert str(error.value) == message.format(folder=tmp_path)


def test_the_check_says_early_that_a_folder_is_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(FileError) as error:
        check_writable(tmp_path / "a")
    assert str(error.value).startswith(
        f"{tmp_path}/a cannot be written: the folder {tmp_path} is not writable."
    )


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\r\n2")))
    assert read_bytes("-") == b"\xff\r\n2"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "{folder}/none cannot be read: no such file or directory."),
        ("a/b", "{folder}/a/b cannot be read: not a directory."),
        ("", "{folder} is a folder, not a file."),
        ("n" * 300, "{folder}/" + "n" * 300 + " cannot be read: file name too long."),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(
    tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "a").write_text("here")
    with pytest.raises(FileError) as error:
        read_bytes(tmp_path / name)
    assert str(error.value) == message.format(folder=tmp_path)


def test_a_file_may_be_as_large_as_the_limit_and_no_larger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytes(1_000_001)
    (tmp_path / "a").write_bytes(data)
    assert read_bytes(tmp_path / "a", limit=1_000_001) == data
    with pytest.raises(FileError, match=r"a is larger than the limit of 1 MB\.$"):
        read_bytes(tmp_path / "a", limit=1_000_000)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    with pytest.raises(FileError, match=r"^standard input is larger than the limit of 1 MB\.$"):
        read_bytes("-", limit=1_000_000)


def test_paths_are_shown_without_what_steers_a_terminal(tmp_path: Path) -> None:
    assert display_path("-") == "standard input"
    assert display_path(Path("data", "a.csv")) == os.path.join("data", "a.csv")
    with pytest.raises(FileError) as error:
        read_bytes(tmp_path / "\x1b[2Jnone\n")
    assert str(error.value).isprintable()


def test_two_paths_to_one_file_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_text("here")
    Path("link").symlink_to("a")
    assert same("a", "link")
    assert same("a", str(tmp_path / "a"))
    assert same("not-yet", os.path.join(".", "not-yet"))
    assert not same("a", "b")


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="a Linux folder")  # noqa: S108
def test_a_file_below_dev_is_replaced_like_any_other() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = f"{folder}/model.json"
        write_atomic(path, "a longer old text")
        write_atomic(path, "new")
        assert Path(path).read_text(encoding="utf-8") == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="links as POSIX has them")
def test_a_link_to_itself_is_neither_read_nor_written(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    reason = "too many levels of symbolic links"
    with pytest.raises(FileError, match=f"loop cannot be read: {reason}"):
        read_bytes(loop)
    with pytest.raises(FileError, match=f"loop cannot be read: {reason}"):
        exists(str(loop))
    for refuse in (check_writable, lambda path: write_atomic(path, "new")):
        with pytest.raises(FileError, match=f"loop cannot be written: {reason}"):
            refuse(loop)
    assert os.listdir(tmp_path) == ["loop"]


def test_a_folder_that_cannot_be_searched_is_named_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    path = str(tmp_path / "a")
    monkeypatch.setattr(os, "stat", denied)
    with pytest.raises(FileError) as error:
        check_writable(path)
    monkeypatch.undo()
    assert str(error.value) == (
        f"{path} cannot be written: permission denied. Nothing was written to it."
    )


def test_an_empty_name_is_said_to_be_empty() -> None:
    for refuse in (read_bytes, exists, check_writable, lambda path: write_atomic(path, "new")):
        with pytest.raises(FileError, match=r"a file name is empty"):
            refuse("")
    assert display_path("") == "''"


@pytest.mark.parametrize("name", ["a", "link"])
def test_a_file_that_was_made_read_only_is_left_alone(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(0o444)
    (tmp_path / "link").symlink_to("a")
    for refuse in (check_writable, lambda path: write_atomic(path, "new")):
        with pytest.raises(FileError) as error:
            refuse(tmp_path / name)
        assert str(error.value) == (
            f"{tmp_path / name} is read-only, so it was not overwritten. "
            "Choose another name, or make it writable."
        )
    assert path.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["a", "link"]


def test_a_name_that_no_file_can_have_is_the_same_as_none() -> None:
    assert not same("a", "\0")
