"""Reads the portal's settings from the environment, once.

Owns: names, types and embedded defaults of every `ECOG_…` variable, the secrets kept as files in the data folder, and
that a database in a file is made for this account alone.
Imports nothing of ours and no Django: the settings module is built from it. `.env.example` names the same variables.
"""

import contextlib
import os
import re
import secrets
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import environ

PROJECT_DIR = Path(__file__).resolve().parent.parent
STORAGE_CLASSES = ("STANDARD", "INTELLIGENT_TIERING", "STANDARD_IA", "ONEZONE_IA", "GLACIER_IR")
QUEUE_ARN = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SettingError(Exception):
    """A setting has a value the portal cannot run with; the message names it and says what to write instead."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Every setting of the portal, parsed and checked."""

    data_dir: Path
    url: str
    debug: bool
    headers_database_url: str
    portal_database_url: str
    objects_url: str
    storage_class: str
    bucket_versioning: bool
    events_queue_arn: str
    rds_ca_file: Path | None
    bucket_prefix: str
    sessions_bucket: str
    sessions_url: str
    log_level: str
    download_mb_per_s: float
    broker_url: str
    bundles_url: str
    bundle_days: int
    bundle_max_gb: float
    accel_prefix: str
    proxies: int
    email_url: str
    email_from: str
    worker_processes: int
    photodiode_hz: float
    inbox: Path
    index: str
    log_format: str
    metrics_token: str
    rds_instance: str
    rds_host_instance: str
    index_function: str
    aws_region: str
    rds_prices: str
    spark_master: str
    results_url: str
    result_days: int

    @property
    def https(self) -> bool:
        return urlsplit(self.url).scheme == "https"

    @property
    def hosts(self) -> list[str]:
        """The names by which the portal may be addressed, as requests write them: IPv6 in brackets."""
        names = {urlsplit(self.url).hostname or ""} | (set() if self.https else LOOPBACK)
        return sorted(f"[{name}]" if ":" in name else name for name in names)


def read_environment() -> Environment:
    """Parses `os.environ` (and `.env` in the project's folder, which never overrides it).

    Raises `SettingError` where a value cannot be used.
    """
    env = environ.Env()
    if (PROJECT_DIR / ".env").is_file():
        env.read_env(PROJECT_DIR / ".env")
    data_dir = Path(env.str("ECOG_DATA_DIR", "var")).expanduser()
    if not data_dir.is_absolute():
        data_dir = PROJECT_DIR / data_dir
    url = env.str("ECOG_URL", "http://127.0.0.1:8000").rstrip("/")
    _check_url(url)
    bucket_prefix = env.str("ECOG_BUCKET_PREFIX", "edf-chunks-")
    return Environment(
        data_dir=data_dir,
        url=url,
        debug=env.bool("ECOG_DEBUG", False),
        headers_database_url=env.str("ECOG_HEADERS_DATABASE_URL", "") or _sqlite_url(data_dir / "headers.sqlite3"),
        portal_database_url=env.str("ECOG_PORTAL_DATABASE_URL", "") or _sqlite_url(data_dir / "portal.sqlite3"),
        objects_url=env.str("ECOG_OBJECTS_URL", "") or (data_dir / "objects").as_uri(),
        storage_class=_storage_class(env.str("ECOG_STORAGE_CLASS", "INTELLIGENT_TIERING")),
        bucket_versioning=env.bool("ECOG_BUCKET_VERSIONING", False),
        events_queue_arn=_queue_arn(env.str("ECOG_EVENTS_QUEUE_ARN", "")),
        rds_ca_file=_path(env.str("ECOG_RDS_CA_FILE", "")),
        bucket_prefix=bucket_prefix,
        sessions_bucket=_no_patients(env.str("ECOG_SESSIONS_BUCKET", "behavioral-data-all"), prefix=bucket_prefix),
        sessions_url=env.str("ECOG_SESSIONS_URL", ""),
        log_level=env.str("ECOG_LOG_LEVEL", "WARNING").upper(),
        download_mb_per_s=env.float("ECOG_DOWNLOAD_MB_PER_S", 50.0),
        broker_url=env.str("ECOG_BROKER_URL", ""),
        bundles_url=env.str("ECOG_BUNDLES_URL", "") or (data_dir / "bundles").as_uri(),
        bundle_days=_at_least(1, "ECOG_BUNDLE_DAYS", env.int("ECOG_BUNDLE_DAYS", 7)),
        bundle_max_gb=env.float("ECOG_BUNDLE_MAX_GB", 50.0),
        accel_prefix=env.str("ECOG_ACCEL_PREFIX", ""),
        proxies=_at_least(0, "ECOG_PROXIES", env.int("ECOG_PROXIES", 0)),
        email_url=env.str("ECOG_EMAIL_URL", ""),
        email_from=env.str("ECOG_EMAIL_FROM", "") or f"ecog-portal@{urlsplit(url).hostname}",
        inbox=Path(env.str("ECOG_INBOX", "") or data_dir / "inbox").expanduser(),
        photodiode_hz=_above_zero("ECOG_PHOTODIODE_HZ", env.float("ECOG_PHOTODIODE_HZ", 60.0)),
        worker_processes=_at_least(1, "ECOG_WORKER_PROCESSES", env.int("ECOG_WORKER_PROCESSES", 2)),
        index=_one_of({"direct", "events"}, "ECOG_INDEX", env.str("ECOG_INDEX", "") or "direct"),
        log_format=_one_of({"text", "json"}, "ECOG_LOG_FORMAT", env.str("ECOG_LOG_FORMAT", "") or "text"),
        metrics_token=env.str("ECOG_METRICS_TOKEN", ""),
        rds_instance=env.str("ECOG_RDS_INSTANCE", ""),
        rds_host_instance=env.str("ECOG_RDS_HOST_INSTANCE", ""),
        index_function=env.str("ECOG_INDEX_FUNCTION", "") or "s3_rds_data_transfer",
        aws_region=env.str("ECOG_AWS_REGION", ""),
        rds_prices=env.str("ECOG_RDS_PRICES", ""),
        spark_master=env.str("ECOG_SPARK_MASTER", "") or "local[*]",
        results_url=env.str("ECOG_RESULTS_URL", "") or (data_dir / "results").as_uri(),
        result_days=_at_least(1, "ECOG_RESULT_DAYS", env.int("ECOG_RESULT_DAYS", 30)),
    )


def _sqlite_url(path: Path) -> str:
    return f"sqlite:///{quote(str(path))}"


def _no_patients(sessions_bucket: str, *, prefix: str) -> str:
    """The bucket of the sessions, which must not be named like a patient's: it would be looked after as one."""
    if sessions_bucket.startswith(prefix):
        raise SettingError(
            f"ECOG_SESSIONS_BUCKET is {sessions_bucket!r}, which begins like the buckets of patients "
            f"(ECOG_BUCKET_PREFIX is {prefix!r}): choose names of which neither begins the other."
        )
    return sessions_bucket


def _at_least(least: int, name: str, value: int) -> int:
    if value < least:
        raise SettingError(f"{name} is {value}: write {least} or more.")
    return value


def _one_of(words: Set[str], name: str, value: str) -> str:
    if value not in words:
        raise SettingError(f"{name} is {value!r}: write {' or '.join(sorted(words))}.")
    return value


def _storage_class(value: str) -> str:
    if value and value not in STORAGE_CLASSES:
        raise SettingError(
            f"ECOG_STORAGE_CLASS is {value!r}: write one of {', '.join(STORAGE_CLASSES)}. What lies in an archive "
            "class cannot be read at once, not even to be indexed."
        )
    return value


def _path(value: str) -> Path | None:
    return PROJECT_DIR / Path(value).expanduser() if value else None


def _queue_arn(value: str) -> str:
    if value and not QUEUE_ARN.fullmatch(value):
        raise SettingError(
            f"ECOG_EVENTS_QUEUE_ARN is {value!r}: write the queue's ARN, such as "
            "arn:aws:sqs:eu-central-1:123456789012:ecog-chunk-events, or nothing."
        )
    return value


def _above_zero(name: str, value: float) -> float:
    if not 0 < value < float("inf"):
        raise SettingError(f"{name} is {value}: write a number above 0.")
    return value


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingError(f"ECOG_URL is {url!r}: write the portal's address, such as https://ecog.example.org.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise SettingError(
            f"ECOG_URL is {url!r}: http is accepted for this machine only (127.0.0.1). Serve other machines over https."
        )


def secret(name: str, *, data_dir: Path, variable: str) -> str:
    """The secret called `name`: the environment's `variable`, else a file in `data_dir`, made once with mode 600.

    Two processes starting at once agree: the file appears whole under its name, and the first one wins.
    """
    if given := os.environ.get(variable, ""):
        return given
    path = data_dir / f"{name}.key"
    if not path.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = data_dir / f".{name}.{secrets.token_hex(8)}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64), encoding="ascii")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def certificates(path: object, *, variable: str) -> str:
    """The path of a file of authorities, which must be there: a driver would only say that TLS failed."""
    if not Path(str(path)).is_file():
        raise SettingError(f"ssl_ca of {variable} names no file: write its absolute path.")
    return str(path)


def make_private(path: Path) -> None:
    """Makes the file of an SQLite database, empty and with mode 600, where it is missing and its folder is there.

    What is no absolute path is a database in memory.

    SQLite would make it with the umask's mode, and its log beside it with the mode of the database: in a data folder
    that others may enter they would read the hashes of passwords and the keys of sessions.
    """
    if not path.is_absolute():
        return
    with contextlib.suppress(FileExistsError, FileNotFoundError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
