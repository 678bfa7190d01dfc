"""Where bundles lie: the Django storage `bundles`, a folder or S3, and what their files are called there.

    <job>/<attempt>.zip             each attempt has its own, so that a stopped worker that goes on disturbs nobody
    <job>/manifest-<attempt>.csv    what the first attempt found

Owns: these names, and the way in and out of that storage; the one module that knows which storage it is. Errors are
`NotKept` and `NoRoom`, in words. Nothing is ever written with `open(name, "wb")`: on S3 that publishes half a file when
its writer fails, while `save` pulls, and ends with all or nothing.
"""

import errno
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from downloads.bundles.errors import NoRoom, NotKept

PLACE = "bundles"
NAMED = re.compile(r"(?P<job>[0-9]{1,18})/(?:(?P<zip>[0-9]{1,5})\.zip|manifest-(?P<manifest>[0-9]{1,5})\.csv)")
# docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: 10,000 parts at most.
PART_BYTES = 8 * 1024 * 1024
PARTS = 9_000
PARTS_AT_ONCE = 3
_FULL = {errno.ENOSPC, errno.EDQUOT}


def zip_name(job_id: int, *, attempt: int) -> str:
    return f"{job_id}/{attempt}.zip"


def manifest_name(job_id: int, *, attempt: int) -> str:
    return f"{job_id}/manifest-{attempt}.csv"


def save(name: str, content: "File[bytes]", *, size_bytes: int) -> None:
    """Pulls the content into the storage under exactly this name, which nobody had before.

    Raises what the content raises while it is pulled, `NoRoom` and `NotKept`; then nothing is left under the name.
    """
    storage = _storage_for(size_bytes)
    try:
        with _in_words():
            kept_as = storage.save(name, content)
    except BaseException:
        # On a folder a file grows under its final name.
        discard(name)
        raise
    if kept_as != name:
        discard(kept_as)
        raise NotKept(f"There already was a file {name} in the place of the bundles. Ask for the bundle again.")


def read(name: str) -> IO[bytes]:
    """The file, opened at its begin; to be closed. Raises `NotKept` where it is gone."""
    with _in_words():
        return storages[PLACE].open(name, "rb")


def discard(name: str) -> bool:
    """Removes the file, if there is one; False where that failed, and is to be tried again."""
    storage = storages[PLACE]
    try:
        with _in_words():
            storage.delete(name)
    except (NotKept, NoRoom):
        return False
    if isinstance(storage, FileSystemStorage):
        _remove_if_empty(Path(storage.path(name)).parent, below=Path(storage.location))
    return True


def names() -> Iterator[str]:
    """All names in the storage that are a bundle's; others are not ours. Raises `NotKept`."""
    storage = storages[PLACE]
    if isinstance(storage, FileSystemStorage) and not Path(storage.location).is_dir():
        return
    with _in_words():
        folders, _ = storage.listdir("")
        for folder in sorted(folders):
            files = _files_in(folder, storage=storage)
            yield from (name for file in sorted(files) if NAMED.fullmatch(name := f"{folder}/{file}"))


def unfinished_uploads() -> Iterator[tuple[str, Any]]:
    """Uploads to S3 that were begun and never ended, as those of killed workers: name, and the upload itself."""
    storage: Any = storages[PLACE]
    if isinstance(storage, FileSystemStorage):
        return
    folder = f"{storage.location.strip('/')}/".lstrip("/")
    with _in_words():
        for upload in storage.bucket.multipart_uploads.filter(Prefix=folder):
            name = upload.object_key.removeprefix(folder)
            if NAMED.fullmatch(name):
                yield name, upload


def abandon(upload: Any) -> bool:  # noqa: ANN401 (what `unfinished_uploads` gave)
    """Ends an upload, of which nothing stays; False where that is to be tried again."""
    try:
        with _in_words():
            upload.abort()
    except NotKept:
        return False
    return True


def free_bytes() -> int | None:
    """What the place has room for; None where it has no end, as S3."""
    storage = storages[PLACE]
    if not isinstance(storage, FileSystemStorage):
        return None
    place = Path(storage.location)
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def path_on_disk(name: str) -> Path | None:
    """The file's path, where the storage is a folder of this machine."""
    storage = storages[PLACE]
    return Path(storage.path(name)) if isinstance(storage, FileSystemStorage) else None


def link(name: str, *, file_name: str) -> str:
    """An address that gives the file to whoever has it, for some minutes (a storage that is no folder)."""
    storage: Any = storages[PLACE]
    with _in_words():
        return str(
            storage.url(
                name,
                parameters={
                    "ResponseContentDisposition": f'attachment; filename="{file_name}"',
                    "ResponseContentType": "application/zip",
                    "ResponseCacheControl": "private, no-store",
                },
            )
        )


def _files_in(folder: str, *, storage: Storage) -> list[str]:
    """Nothing where the folder has gone meanwhile: somebody else is tidying, too."""
    try:
        return list(storage.listdir(folder)[1])
    except FileNotFoundError:
        return []


def _storage_for(size_bytes: int) -> Storage:
    """The storage; on S3 one whose parts are large enough for a file of this size, and few in memory."""
    if isinstance(storages[PLACE], FileSystemStorage):
        return storages[PLACE]
    transfer = TransferConfig(
        multipart_chunksize=max(PART_BYTES, -(-size_bytes // PARTS)), max_concurrency=PARTS_AT_ONCE
    )
    transfer.max_in_memory_upload_chunks = PARTS_AT_ONCE
    given = settings.STORAGES[PLACE]
    return storages.create_storage(given | {"OPTIONS": given["OPTIONS"] | {"transfer_config": transfer}})


def _remove_if_empty(folder: Path, *, below: Path) -> None:
    if folder != below:
        try:
            folder.rmdir()
        except OSError:
            return


@contextmanager
def _in_words() -> Iterator[None]:
    """Turns what storages raise into sentences. Neither addresses nor answers of a server are repeated."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise NoRoom("The disk of the bundles ran full. Tell the administrator, or ask for less.") from error
        raise NotKept(f"The place of the bundles cannot be used: {error.strerror or type(error).__name__}.") from error
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "no reason given"))
        raise NotKept(f"The place of the bundles (ECOG_BUNDLES_URL) refused: {code}.") from None
    except (BotoCoreError, Boto3Error) as error:
        raise NotKept(f"The place of the bundles (ECOG_BUNDLES_URL) fails: {type(error).__name__}.") from None
