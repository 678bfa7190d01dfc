"""The zips of the two functions: made of the same bytes wherever and whenever they are made.

Owns: what is in each zip. Files of ours by following imports; the MySQL client, which is pure Python, as it was
installed; the certificate authorities of the database. boto3 is never packed: Lambda's own is used. Entries are
stored, not compressed, since two builds of zlib compress differently. Plain Python, no Django.
"""

import base64
import hashlib
import re
import ssl
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from io import BytesIO
from pathlib import Path

from lambdas.errors import CertificatesUnusable, ImportNotAllowed, PackageUnusable, ZipTooLarge
from lambdas.imports import ROOT, needed_by

LIMIT_BYTES = 2_000_000
CA_NAME = "rds-ca.pem"  # at the root of the zip, where `lambdas.chunk_headers` reads it
IN_THE_RUNTIME = frozenset({"boto3", "botocore"})
PACKED = {"pymysql": "PyMySQL"}  # by the name that is imported
REQUIREMENTS = ROOT / "requirements.txt"
COMPILED = (".so", ".pyd", ".dylib", ".dll", ".a", ".o")
EARLIEST = (1980, 1, 1, 0, 0, 0)  # a zip knows no earlier time
READABLE = 0o100644 << 16
UNIX = 3


@dataclass(frozen=True, kw_only=True)
class Function:
    """One of the functions: its name at AWS, the module that AWS calls, whether it talks to the database."""

    name: str
    module: str
    needs_ca: bool


FUNCTIONS = (
    Function(name="s3_rds_data_transfer", module="lambdas.chunk_headers.handler", needs_ca=True),
    Function(name="s3_dynamo_behavioral", module="lambdas.session_records.handler", needs_ca=False),
)


@dataclass(frozen=True, kw_only=True)
class Zip:
    """A package as it was written."""

    path: Path
    size_bytes: int
    sha256: str


def package(function: Function, *, ca: bytes) -> bytes:
    """The zip of a function. Raises `PackagingError`."""
    needed = needed_by(function.module)
    unknown = needed.packages - IN_THE_RUNTIME - PACKED.keys()
    if unknown:
        raise ImportNotAllowed(
            f"{function.name} imports {', '.join(sorted(unknown))}, which Lambda has not: take it out of its way."
        )
    entries = {path.as_posix(): (ROOT / path).read_bytes() for path in needed.files}
    for name in sorted(needed.packages & PACKED.keys()):
        entries |= _installed(PACKED[name], package=name)
    if function.needs_ca:
        entries[CA_NAME] = ca
    made = _zipped(entries)
    if len(made) > LIMIT_BYTES:
        raise ZipTooLarge(f"The zip of {function.name} has {len(made):,} bytes, and at most {LIMIT_BYTES:,} are meant.")
    return made


def write_all(folder: Path, *, ca: bytes) -> Sequence[Zip]:
    """Writes every function's zip into the folder, its name ending in the first letters of its hash, so that another
    content is another name. Raises `PackagingError`, and nothing is written; `OSError`."""
    made = {function.name: package(function, ca=ca) for function in FUNCTIONS}
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder, name, content) for name, content in made.items()]


def read_ca(path: Path | None) -> bytes:
    """The certificates of the authorities in a file, checked. Raises `CertificatesUnusable`."""
    if path is None:
        raise CertificatesUnusable(
            "ECOG_RDS_CA_FILE is empty: without Amazon's certificates the function cannot know the database. Download "
            "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem and write its path."
        )
    try:
        content = path.read_bytes()
        text = content.decode("ascii")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=text)
    except (OSError, ValueError) as error:  # an SSLError is an OSError; what is no text is a ValueError
        raise CertificatesUnusable(
            f"ECOG_RDS_CA_FILE, {path}, cannot be read as certificates ({type(error).__name__}): it should be Amazon's "
            "global-bundle.pem, as it was downloaded."
        ) from None
    if "PRIVATE KEY" in text:
        raise CertificatesUnusable(f"ECOG_RDS_CA_FILE, {path}, holds a private key: only certificates are packed.")
    if not context.get_ca_certs():
        raise CertificatesUnusable(f"ECOG_RDS_CA_FILE, {path}, holds no certificate of an authority.")
    return content


def _installed(name: str, *, package: str) -> Mapping[str, bytes]:
    """The modules of an installed distribution and its licence, as its wheel had them."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise PackageUnusable(f"{name} is not installed: pip install -r requirements.txt -c constraints.txt") from None
    _require_pinned(name, found)
    if found.files is None:
        raise PackageUnusable(f"{name} was installed without a list of its files: install it with pip.")
    compiled = sorted(str(path) for path in found.files if path.name.endswith(COMPILED))
    if compiled:
        raise PackageUnusable(f"{name} has compiled parts ({compiled[0]}), which may not run on Lambda.")
    wanted = [path for path in found.files if path.parts[0] == package and path.suffix == ".py"]
    licences = [path for path in found.files if "licenses" in path.parts or path.name.startswith("LICENSE")]
    if not wanted:
        raise PackageUnusable(f"{name} holds no module {package}: install it with pip, not as editable.")
    return {path.as_posix(): _checked(path, name=name) for path in [*wanted, *licences]}


def _require_pinned(name: str, found: Distribution) -> None:
    pinned = re.search(rf"^{re.escape(name)}==(\S+)$", REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE)
    if not pinned or pinned[1] != found.version:
        raise PackageUnusable(
            f"{name} {found.version} is installed, and requirements.txt names {pinned[1] if pinned else 'none'}: "
            "pip install -r requirements.txt -c constraints.txt"
        )


def _checked(path: PackagePath, *, name: str) -> bytes:
    """The file's bytes, which are those that its wheel had."""
    content = path.read_binary()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    if path.hash is None or (path.hash.mode, path.hash.value) != ("sha256", digest):
        raise PackageUnusable(f"{path} of {name} is not as it was installed: pip install --force-reinstall {name}")
    return content


def _zipped(entries: Mapping[str, bytes]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as file:
        for name in sorted(entries):
            entry = zipfile.ZipInfo(name, date_time=EARLIEST)
            entry.external_attr, entry.create_system = READABLE, UNIX
            file.writestr(entry, entries[name])
    return made.getvalue()


def _write(folder: Path, name: str, content: bytes) -> Zip:
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / f"{name}-{sha256[:12]}.zip"
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(content)
    unfinished.replace(path)
    return Zip(path=path, size_bytes=len(content), sha256=sha256)
