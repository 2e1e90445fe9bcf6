"""The place of the archive's files: a directory, or a bucket of S3-compatible storage."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.db import DatabaseError

from monitoring.kernel.optional_packages import MissingPackageError, load
from monitoring.kernel.runtime import part

DIRECTORY = "archive"  # in the data directory
RETIRED = ".superseded"  # at the end of a name, so that no reader by pattern finds the file
CONNECT_S = 5
READ_S, READ_TRIES = 10, 1  # a reader may hold the write lock
WRITE_S, WRITE_TRIES = 60, 3
OPTIONS = frozenset({"endpoint_override", "region", "scheme", "allow_bucket_creation"})
REQUIREMENTS = "requirements-archive.txt"


class ArchiveError(DatabaseError):
    """The archive cannot be used now, or a file of the archive is wrong; the message has the remedy.

    For callers without a rule for the archive this is an error of the database, a part of which is away. It
    is no ``OperationalError``, which says that the server is away: the database can be used.
    """


def arrow(module: str = "pyarrow") -> Any:
    """Return a module of pyarrow.

    Raises:
        ArchiveError: pyarrow is not installed.
    """
    try:
        return load(module, package="pyarrow", requirements=REQUIREMENTS)
    except MissingPackageError as error:
        raise ArchiveError(f"The archive needs pyarrow. {error}") from error


@contextmanager
def told(path: str, doing: str) -> Iterator[None]:
    """Turn the errors of the storage and of wrong Parquet data into ``ArchiveError``."""
    try:
        yield
    except (OSError, ValueError, arrow().ArrowException) as error:  # ArrowInvalid is a ValueError
        reason = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        raise ArchiveError(
            f"The archive at {archive_url()} cannot be {doing}: {path}: {reason} Check that it is reachable"
            " and that FERMON_ARCHIVE_URL and the credentials are right; nothing is lost."
        ) from error


def archive_url() -> str:
    """Return the address of the archive: of S3-compatible storage, or the path of a directory."""
    return str(settings.FERMON_ARCHIVE_URL or Path(settings.FERMON_DATA_DIR) / DIRECTORY)


def archive_place() -> "Place":
    """Return the place of the archive, by the current settings."""
    return part(Places).of(archive_url())


class Places:
    """The places that this process has used, by address."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}

    def of(self, url: str) -> "Place":
        """Return the place at an address."""
        place = self._places.get(url)
        if place is None:
            place = self._places[url] = Bucket(url) if url.startswith("s3://") else Directory(Path(url))
        return place


class Place:
    """Files by relative path; a file is written once and never changes."""

    def open_read(self, path: str) -> Any:
        """Return the file for reading at any position, as pyarrow takes it."""
        raise NotImplementedError

    def open_write(self, path: str) -> Any:
        """Return a context manager with a binary file to write; on its exit the file is safely stored."""
        raise NotImplementedError

    def retire(self, path: str) -> None:
        """Rename a file that counts no more; ``open_read`` finds it by the old name too."""
        raise NotImplementedError

    def delete(self, path: str) -> None:
        """Delete a file, retired or not; one that does not exist is no error."""
        raise NotImplementedError

    def size(self, path: str) -> int | None:
        """Return the size of a file in bytes; None if the file does not exist."""
        raise NotImplementedError


class Directory(Place):
    """A local directory, or one of a file server."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def open_read(self, path: str) -> Any:
        try:
            return arrow().OSFile(str(self.root / path))
        except FileNotFoundError:
            return arrow().OSFile(str(self.root / (path + RETIRED)))

    @contextmanager
    def open_write(self, path: str) -> Iterator[IO[bytes]]:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        self.keep_names(target.parent)

    def keep_names(self, directory: Path) -> None:
        """Write the names in a directory and in those above to the disk, up to the root of the archive."""
        if os.name != "posix":
            return
        while True:
            descriptor = os.open(directory, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if directory in (self.root, directory.parent):
                return
            directory = directory.parent

    def retire(self, path: str) -> None:
        with suppress(FileNotFoundError):
            (self.root / path).rename(self.root / (path + RETIRED))

    def delete(self, path: str) -> None:
        for name in (path, path + RETIRED):
            (self.root / name).unlink(missing_ok=True)
        with suppress(OSError):  # other files are in them
            for directory in (self.root / path).parents:
                if directory == self.root:
                    break
                directory.rmdir()

    def size(self, path: str) -> int | None:
        found = [self.root / name for name in (path, path + RETIRED) if (self.root / name).is_file()]
        return found[0].stat().st_size if found else None


class Bucket(Place):
    """S3-compatible storage: ``s3://bucket/prefix?endpoint_override=host:9000&scheme=http&region=...``.

    The credentials come from the usual variables and files of AWS, never from the address.
    """

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        options = dict(parse_qsl(address.query))
        if not address.netloc or "@" in address.netloc or options.keys() - OPTIONS:
            wrong = ", ".join(sorted(options.keys() - OPTIONS)) or "no bucket, or a password"
            raise ArchiveError(
                f"FERMON_ARCHIVE_URL: got {wrong}; expected s3://bucket/prefix, with"
                f" {', '.join(sorted(OPTIONS))} after '?' as needed, and credentials in AWS_ACCESS_KEY_ID and"
                " AWS_SECRET_ACCESS_KEY"
            )
        self.root = f"{address.netloc}/{address.path.strip('/')}".rstrip("/")
        self.options = options

    @cached_property
    def filesystem(self) -> Any:
        """Return pyarrow's client for writing, made at the first use."""
        return self.client(WRITE_S, WRITE_TRIES)

    @cached_property
    def reading(self) -> Any:
        """Return pyarrow's client for reading, made at the first use."""
        return self.client(READ_S, READ_TRIES)

    def client(self, timeout_s: float, tries: int) -> Any:
        """Return a client of pyarrow."""
        if "endpoint_override" in self.options:
            # Not every server decodes the trailing checksums of Amazon's client. Files are read back.
            os.environ.setdefault("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
        fs = arrow("pyarrow.fs")
        options: dict[str, Any] = dict(self.options)
        options["allow_bucket_creation"] = options.get("allow_bucket_creation") in ("1", "true", "True")
        return fs.S3FileSystem(
            connect_timeout=CONNECT_S,
            request_timeout=timeout_s,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=tries),
            **options,
        )

    def full(self, path: str) -> str:
        """Return the name of a file with bucket and prefix."""
        return f"{self.root}/{path}"

    def open_read(self, path: str) -> Any:
        try:
            return self.reading.open_input_file(self.full(path))
        except FileNotFoundError:
            return self.reading.open_input_file(self.full(path + RETIRED))

    @contextmanager
    def open_write(self, path: str) -> Iterator[Any]:
        if self.options.get("allow_bucket_creation"):
            self.filesystem.create_dir(self.root.partition("/")[0], recursive=False)
        with self.filesystem.open_output_stream(self.full(path)) as stream:
            yield stream

    def retire(self, path: str) -> None:
        if self.names(path) == [path]:
            self.filesystem.move(self.full(path), self.full(path + RETIRED))

    def delete(self, path: str) -> None:
        for name in self.names(path):
            self.filesystem.delete_file(self.full(name))

    def size(self, path: str) -> int | None:
        names = self.names(path)
        return int(self.filesystem.get_file_info(self.full(names[0])).size) if names else None

    def names(self, path: str) -> list[str]:
        """Return the names under which a file exists: its own, that of a retired file, none, or both."""
        candidates = (path, path + RETIRED)
        return [name for name in candidates if self.filesystem.get_file_info(self.full(name)).is_file]
