"""Django's settings, all of them; `ECOG_…` variables change them (`.env.example`), the embedded defaults need none.

Owns: how the parts are put together. Imports nothing of ours but the readers of settings beside it.
"""

import tomllib
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.contrib.messages import constants as messages

from portal.broker import broker_url
from portal.bundles_storage import bundles_storage
from portal.environment import PROJECT_DIR, certificates, make_private, read_environment, secret

ENVIRONMENT = read_environment()
DATA_DIR = ENVIRONMENT.data_dir
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

SECRET_KEY = secret("secret", data_dir=DATA_DIR, variable="ECOG_SECRET_KEY")
IDENTITY_KEY = secret("identity", data_dir=DATA_DIR, variable="ECOG_IDENTITY_KEY")
DEBUG = ENVIRONMENT.debug
SOFTWARE_VERSION = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

# Where objects lie, and what their buckets are called.
OBJECTS_URL = ENVIRONMENT.objects_url
# On S3: the storage class of chunks, and what `add_patient` sets up at buckets.
STORAGE_CLASS = ENVIRONMENT.storage_class
BUCKET_VERSIONING = ENVIRONMENT.bucket_versioning
EVENTS_QUEUE_ARN = ENVIRONMENT.events_queue_arn
# The certificates of RDS's authorities, which `package_lambdas` packs.
RDS_CA_FILE = ENVIRONMENT.rds_ca_file
BUCKET_PREFIX = ENVIRONMENT.bucket_prefix
SESSIONS_BUCKET = ENVIRONMENT.sessions_bucket
# Who writes the rows of a new object: "direct", whoever puts it; "events", the Lambda alone.
INDEX = ENVIRONMENT.index
# The folder from which data managers take files in on a page; made where nobody has named another.
INBOX = ENVIRONMENT.inbox
if INBOX == DATA_DIR / "inbox":
    INBOX.mkdir(mode=0o700, exist_ok=True)
# The headers database on RDS: the instance that may be put to sleep, the machine only it needs, the function that
# indexes, the region of all of them, and the table of prices.
RDS_INSTANCE = ENVIRONMENT.rds_instance
RDS_HOST_INSTANCE = ENVIRONMENT.rds_host_instance
INDEX_FUNCTION = ENVIRONMENT.index_function
AWS_REGION = ENVIRONMENT.aws_region
RDS_PRICES = ENVIRONMENT.rds_prices
# Where the records of sessions live.
SESSIONS_URL = ENVIRONMENT.sessions_url
# The rate at which the time of a download is foretold.
DOWNLOAD_MB_PER_S = ENVIRONMENT.download_mb_per_s
# How long the photodiode shows one bit of a task's codes, in seconds: a frame of the monitor.
PHOTODIODE_BIT_S = 1 / ENVIRONMENT.photodiode_hz

# The address decides security: https is strict, http is for this machine only.
ALLOWED_HOSTS = ENVIRONMENT.hosts
CSRF_TRUSTED_ORIGINS = [ENVIRONMENT.url]
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENVIRONMENT.https
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if ENVIRONMENT.https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = ENVIRONMENT.https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.https else None
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
# So many proxies of our own stand before the portal; `people.origin` reads the client's address from them.
PROXIES = ENVIRONMENT.proxies
PORTAL_URL = ENVIRONMENT.url

# Nothing but our own files, and nothing inline.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

INSTALLED_APPS = [
    "portal.admin_site.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "axes",
    "csp",
    "ninja",
    "people",
    "jobs",
    "chunks",
    "behavior",
    "selections",
    "downloads",
    "analysis",
    "hibernation",
    "portal",
]

MIDDLEWARE = [
    "portal.middleware.RequestIdMiddleware",
    "portal.request_times.RequestTimesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.KeptByNobodyMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "people.middleware.LoginMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "chunks.headers_db.middleware.HeadersAsleepMiddleware",
    "people.middleware.PeopleErrorsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Django's defaults lose transactions when two connections write at once; these wait for each other.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
MYSQL_OPTIONS = {
    "charset": "utf8mb4",
    "sql_mode": "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION",
    "init_command": "SET SESSION collation_connection = 'utf8mb4_bin'",
    "isolation_level": "read committed",
    "connect_timeout": 3,
    "read_timeout": 60,
    "write_timeout": 60,
}


def _database(url: str, *, variable: str) -> dict[str, object]:
    database: dict[str, object] = environ.Env.db_url_config(url)
    mysql = "mysql" in str(database["ENGINE"])
    given = database.get("OPTIONS")
    options = (MYSQL_OPTIONS if mysql else SQLITE_OPTIONS) | (given if isinstance(given, dict) else {})
    if mysql and "ssl_ca" in options:
        # TLS or nothing: the server's certificate must be of these authorities, and of the host that was asked for.
        options |= {"ssl": {"ca": certificates(options.pop("ssl_ca"), variable=variable)}}
        options |= {"ssl_mode": "VERIFY_IDENTITY"}
    database["OPTIONS"] = options
    database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"] = 60, True
    if mysql:
        database["TEST"] = {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_bin"}
    else:
        make_private(Path(str(database["NAME"])))
        # Tests use a file too: in memory there is no write-ahead log, and threads do not wait for each other.
        database["TEST"] = {"NAME": f"{database['NAME']}.test"}
    return database


def _headers_database(url: str) -> dict[str, object]:
    """Like any database, under the engine that knows when it is asleep and where it has moved."""
    database = _database(url, variable="ECOG_HEADERS_DATABASE_URL")
    vendor = "mysql" if "mysql" in str(database["ENGINE"]) else "sqlite3"
    return database | {"ENGINE": f"chunks.headers_db.{vendor}"}


DATABASES = {
    "default": _database(ENVIRONMENT.portal_database_url, variable="ECOG_PORTAL_DATABASE_URL"),
    "headers": _headers_database(ENVIRONMENT.headers_database_url),
}
DATABASE_ROUTERS = ["chunks.headers_db.router.ByModel"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_RESET_TIMEOUT = 3600

# Five wrong passwords for one account from one address, and that pair waits a quarter of an hour.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_LOCKOUT_TEMPLATE = "people/locked_out.html"
AXES_CLIENT_IP_CALLABLE = "people.attempts.address_of"
AXES_USERNAME_CALLABLE = "people.attempts.name_of"
# A wait has an end also for somebody who goes on typing, and what is typed meanwhile is not counted.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
# What was typed as a name may be a password: neither stands in the log.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]
AXES_VERBOSE = False

EMAIL_CONFIGURED = bool(ENVIRONMENT.email_url)
vars().update(environ.Env.email_url_config(ENVIRONMENT.email_url or "dummymail://"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT.email_from

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(mode=0o700, exist_ok=True)
STATICFILES_DIRS = [PROJECT_DIR / "static"]
MESSAGE_TAGS = {messages.ERROR: "error", messages.WARNING: "warning", messages.SUCCESS: "success"}

# Finished zips wait in `bundles`: a folder, or S3.
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(DATA_DIR / "files")},
    },
    "bundles": bundles_storage(ENVIRONMENT.bundles_url),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
BUNDLE_DAYS = ENVIRONMENT.bundle_days
BUNDLE_MAX_BYTES = int(ENVIRONMENT.bundle_max_gb * 1e9)
ACCEL_PREFIX = ENVIRONMENT.accel_prefix
# Where analyses run, and where and how long their results wait.
SPARK_MASTER = ENVIRONMENT.spark_master
RESULTS_URL = ENVIRONMENT.results_url
RESULT_DAYS = ENVIRONMENT.result_days

# A message is a job's number and nothing else, acknowledged at once: the job's row is what is true (`jobs`).
CELERY_BROKER_URL = broker_url(ENVIRONMENT.broker_url, data_dir=DATA_DIR)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = ENVIRONMENT.worker_processes
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 3, "socket_timeout": 3}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_TIMEZONE = TIME_ZONE

# Who may read the metrics from another machine.
METRICS_TOKEN = ENVIRONMENT.metrics_token

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "portal.log_lines.Lines", "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "portal.log_json.JsonLines"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json" if ENVIRONMENT.log_format == "json" else "line",
        }
    },
    # What they say below a warning holds signatures and whole requests.
    "loggers": {name: {"level": "WARNING"} for name in ("boto3", "botocore", "s3transfer", "urllib3")},
    "root": {"handlers": ["stderr"], "level": ENVIRONMENT.log_level},
}
