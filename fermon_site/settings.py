"""Fermon's settings. Options for users come from ``fermon_site.environment``."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from fermon_site import __version__, environment, safety
from fermon_site.databases import use_postgresql
from fermon_site.logs import logging_config
from fermon_site.scripts import CHART_SCRIPT
from monitoring.access.addresses import EVERY_ADDRESS
from monitoring.access.roles import ROLES
from monitoring.kernel import private_files
from monitoring.kernel.tag_definition import TagKind

# In a wheel, what lies at the top of a checkout is a folder of this package (pyproject.toml).
INSTALLED = Path(__file__).resolve().parent / "root"
BASE_DIR = INSTALLED if INSTALLED.exists() else INSTALLED.parent.parent

PRODUCTION = environment.flag("FERMON_PRODUCTION", default=False)
DEBUG = environment.flag("FERMON_DEBUG", default=False)

FERMON_HOST = environment.text("FERMON_HOST", "127.0.0.1")
FERMON_PORT = environment.whole_number("FERMON_PORT", 8000, lowest=1, highest=65535)
FERMON_DATA_DIR = Path(
    environment.text("FERMON_DATA_DIR", "")
    or (environment.user_data_dir() if BASE_DIR == INSTALLED else BASE_DIR / "var")
).resolve()
FERMON_OPEN = environment.flag("FERMON_OPEN", default=not PRODUCTION)
FERMON_OPEN_BY_DEFAULT = FERMON_OPEN and not environment.text("FERMON_OPEN", "")
FERMON_CORS_ORIGINS = environment.origins("FERMON_CORS_ORIGINS")
# The number of proxies in front of the server, whose forwarded headers are trusted.
FERMON_PROXIES = environment.whole_number("FERMON_PROXIES", 0, lowest=0, highest=10)
FERMON_SIMULATOR = environment.flag("FERMON_SIMULATOR", default=True)
FERMON_DEMO_VESSEL = environment.flag("FERMON_DEMO_VESSEL", default=True)
FERMON_LOCAL_SCRIPTS = environment.flag("FERMON_LOCAL_SCRIPTS", default=False)
FERMON_CHART_SCRIPT = CHART_SCRIPT
FERMON_DEAD_LETTER_BYTES = environment.whole_number(
    "FERMON_DEAD_LETTER_BYTES", 2**30, lowest=0, highest=2**50
)
FERMON_DISK_RESERVE_BYTES = environment.whole_number(
    "FERMON_DISK_RESERVE_BYTES", 64 * 2**20, lowest=0, highest=2**50
)
FERMON_STREAM_CLIENTS = environment.whole_number("FERMON_STREAM_CLIENTS", 250, lowest=0, highest=100_000)
FERMON_WEB_WORKERS = environment.whole_number("FERMON_WEB_WORKERS", 1, lowest=1, highest=64)
# Detection: into how many shards tags are divided, and how many processes the worker starts for them.
FERMON_DETECTION_SHARDS = environment.whole_number("FERMON_DETECTION_SHARDS", 1, lowest=1, highest=64)
FERMON_DETECTION_PROCESSES = environment.whole_number("FERMON_DETECTION_PROCESSES", 1, lowest=1, highest=64)
# An alarm chatters that comes so many times within so many seconds; definitions differ between plants.
FERMON_CHATTERING_COUNT = environment.whole_number("FERMON_CHATTERING_COUNT", 3, lowest=2, highest=1000)
FERMON_CHATTERING_SECONDS = environment.whole_number("FERMON_CHATTERING_SECONDS", 60, lowest=1, highest=3600)
FERMON_BACKUPS_KEPT = environment.whole_number("FERMON_BACKUPS_KEPT", 7, lowest=1, highest=10_000)

# Requests a minute: a thousand tags at 1 Hz, one by one, are 60,000. Unauthenticated callers need few.
FERMON_CALLER_RATE = environment.whole_number("FERMON_CALLER_RATE", 120_000, lowest=1, highest=10**9)
FERMON_STRANGER_RATE = environment.whole_number("FERMON_STRANGER_RATE", 600, lowest=1, highest=10**9)

private_files.begin_private()  # before the first file is made in the data directory
DATA_FILES = FERMON_DATA_DIR / "static"
STATIC_ROOT = FERMON_DATA_DIR / "staticfiles"
environment.make_directories(FERMON_DATA_DIR, DATA_FILES, STATIC_ROOT, FERMON_DATA_DIR / "logs")

if PRODUCTION:
    SECRET_KEY = environment.required("SECRET_KEY", "a long random text that signs logins")
    environment.required("ALLOWED_HOSTS", "the host names that users type, separated by commas")
    safety.refuse_insecure(
        secret_key=SECRET_KEY, hosts=environment.words("ALLOWED_HOSTS"), is_open=FERMON_OPEN, debug=DEBUG
    )
else:
    if FERMON_OPEN_BY_DEFAULT:
        safety.refuse_open_to_others(FERMON_HOST)
    SECRET_KEY = environment.text("SECRET_KEY", "") or environment.stored_secret(
        FERMON_DATA_DIR / "secret_key"
    )

ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS") or (
    ["*"] if FERMON_HOST in EVERY_ADDRESS else ["localhost", "127.0.0.1", "[::1]", FERMON_HOST]
)

# Single sign-on by OpenID Connect; without an issuer there is none. Roles by group at the provider.
FERMON_OIDC_ISSUER = environment.web_address("FERMON_OIDC_ISSUER")
FERMON_OIDC_CLIENT_ID = environment.text("FERMON_OIDC_CLIENT_ID", "")
FERMON_OIDC_SECRET = environment.text("FERMON_OIDC_SECRET", "")
FERMON_OIDC_NAME = environment.text("FERMON_OIDC_NAME", "")
FERMON_OIDC_SCOPES = environment.text("FERMON_OIDC_SCOPES", "openid profile email")
FERMON_OIDC_CLAIM = environment.text("FERMON_OIDC_CLAIM", "roles")
FERMON_OIDC_ROLES = environment.role_mapping("FERMON_OIDC_ROLES", ROLES)
FERMON_OIDC_AUDIENCE = environment.text("FERMON_OIDC_AUDIENCE", FERMON_OIDC_CLIENT_ID)
safety.refuse_unusable_provider(
    FERMON_OIDC_ISSUER, client_id=FERMON_OIDC_CLIENT_ID, roles=FERMON_OIDC_ROLES, production=PRODUCTION
)

# One-time codes after the password: none; for those who want them; required of those who may change settings.
FERMON_TOTP = environment.choice("FERMON_TOTP", "off", ("off", "optional", "required"))
OTP_TOTP_ISSUER = "Fermon"  # the name in the authenticator app

INSTALLED_APPS = [
    "monitoring",  # before django_q: its qcluster command adds a watchdog to django_q's
    "whitenoise.runserver_nostatic",
    "fermon_site.apps.FermonAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "axes",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "fermon_site.apps.FermonAuditConfig",
]

LOGIN_MIDDLEWARE = "monitoring.access.pages.LoginRequiredMiddleware"
PROVIDER_MIDDLEWARE = "monitoring.access.single_sign_on.session_refresh.ProviderSessions"
PROVIDER_BACKEND = "monitoring.access.single_sign_on.backend.ProviderBackend"
CODE_MIDDLEWARE = "monitoring.access.one_time_codes.enforcement.RequireOneTimeCode"
MIDDLEWARE = [
    "fermon_site.accept.ReadableAccept",  # first: Django keeps the headers from when one is first read
    "fermon_site.request_ids.RequestIds",  # around all others, whose log lines have the id
    "csp.middleware.CSPMiddleware",  # these two next: static files and redirects need their headers, too
    "fermon_site.headers.PermissionsPolicy",
    "fermon_site.cors.CrossOriginReads",  # before the redirect to TLS, which no preflight request follows
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    *([PROVIDER_MIDDLEWARE] if FERMON_OIDC_ISSUER else []),
    *([CODE_MIDDLEWARE] if FERMON_TOTP != "off" else []),
    LOGIN_MIDDLEWARE,
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "fermon_site.audit.AuditMiddleware",
    "axes.middleware.AxesMiddleware",
    "fermon_site.limits.RequestLimits",
]

ROOT_URLCONF = "fermon_site.urls"
WSGI_APPLICATION = "fermon_site.wsgi.application"  # runserver's
ASGI_APPLICATION = "fermon_site.asgi.application"  # serve's
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "dashboard"
# Only the admin uses messages, always with a session; cookie storage would set up a signer at each request.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "monitoring.dashboard.alarm_bar.alarm_bar",
                "monitoring.dashboard.account_links.account_links",
            ],
        },
    },
]

# IMMEDIATE: a transaction that reads before writing waits for the write lock instead of failing.
# FULL: committed data survives a power failure. Never set mmap_size: it corrupts the database.
DATABASE_TIMEOUT_S = environment.whole_number("FERMON_DATABASE_TIMEOUT", 10, lowest=1, highest=3600)
SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": DATABASE_TIMEOUT_S,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
}
# Bound the wait for a lock and for a host that has gone. Release the locks of a client that vanished in the
# middle of a transaction with its connection still open.
POSTGRESQL_OPTIONS: dict[str, Any] = {
    "connect_timeout": min(DATABASE_TIMEOUT_S, 5),
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "fermon",
    "options": f"-c lock_timeout={DATABASE_TIMEOUT_S}s -c idle_in_transaction_session_timeout=60s",
}
# Read-only, so that nothing is written even to a replica that was promoted.
REPLICA_OPTIONS: dict[str, Any] = POSTGRESQL_OPTIONS | {
    "connect_timeout": 2,
    "options": f"{POSTGRESQL_OPTIONS['options']} -c default_transaction_read_only=on",
}
REPLICA_POOL = 12  # threads of a web server process that read: 8 for requests, 2 for exports
# Connections of a web server process. Without a pool (0) each of its many threads keeps one.
DATABASE_POOL = environment.whole_number("FERMON_DATABASE_POOL", 28, lowest=0, highest=1_000)
POOL_WAIT_S = min(DATABASE_TIMEOUT_S, 3)  # when all are taken
DATABASES: dict[str, Any] = {
    "default": environment.database_address("DATABASE_URL", f"sqlite:///{FERMON_DATA_DIR / 'fermon.sqlite3'}")
}
# Opening SQLite takes longer than storing a reading, and closing the last connection writes back the WAL.
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
    DATABASES["default"]["TEST"] = {"NAME": FERMON_DATA_DIR / "test.sqlite3"}
elif DATABASES["default"]["ENGINE"] == environment.POSTGRESQL:
    use_postgresql(DATABASES["default"], POSTGRESQL_OPTIONS, pool=DATABASE_POOL, wait_s=POOL_WAIT_S)
# A streaming replica serves charts, exports, backtests and reports; see docs/high-availability.md.
FERMON_REPLICA_MAX_LAG = environment.whole_number("FERMON_REPLICA_MAX_LAG", 10, lowest=2, highest=30)
if replica := environment.replica_address("DATABASE_REPLICA_URL", DATABASES["default"]):
    # No health checks: on a replica that hangs they would wait. A read that fails goes to the primary anyway.
    DATABASES["replica"] = replica | {"CONN_HEALTH_CHECKS": False, "TEST": {"MIRROR": "default"}}
    use_postgresql(DATABASES["replica"], REPLICA_OPTIONS, pool=min(DATABASE_POOL, REPLICA_POOL), wait_s=1)
    DATABASE_ROUTERS = ["fermon_site.replica_router.ReplicaRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis, where configured, holds counts and carries wake-ups, never tasks: these would be lost with Redis.
REDIS_URL = environment.redis_address("REDIS_URL")
CACHES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "process"},
}
if REDIS_URL:
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "fermon",
        "OPTIONS": {"socket_connect_timeout": 0.25, "socket_timeout": 0.25},
    }

# Longer than the shortest tasks take with a wait for a lock at each step.
TASK_TIMEOUT_S = max(100, 60 + 4 * DATABASE_TIMEOUT_S)
# timeout < retry, or a running task is started a second time. Three of the workers run the simulator and its
# standbys; two run all other tasks.
Q_CLUSTER: dict[str, Any] = {
    "name": "fermon",
    "orm": "default",
    "cache": "process",  # for the worker's state, which must not depend on Redis
    "workers": 5,
    "timeout": TASK_TIMEOUT_S,
    "retry": TASK_TIMEOUT_S + 20,
    "max_attempts": 3,
    "ack_failures": False,
    "catch_up": False,
    "save_limit": 50,
    "queue_limit": 4,
    "bulk": 1,
    "poll": 0.2,
    "log_level": "WARNING",
}

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    *([PROVIDER_BACKEND] if FERMON_OIDC_ISSUER else []),
]
AXES_FAILURE_LIMIT = environment.whole_number("FERMON_LOGIN_FAILURES", 5, lowest=1, highest=1000)
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # so a stranger elsewhere can't lock a user out
AXES_LOCKOUT_CALLABLE = "fermon_site.lockout.locked_out"
AXES_CLIENT_IP_CALLABLE = "monitoring.access.callers.address_of"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # logins are in the audit trail
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = [
    *("username", "ip_address", "old_password", "new_password1", "new_password2", "code")
]

AUDITLOG_DISABLE_ON_RAW_SAVE = True  # restored data has its trail already
AUDITLOG_MASK_CALLABLE = "fermon_site.audit.hidden"
AUDITLOG_INCLUDE_TRACKING_MODELS: tuple[Any, ...] = (
    "monitoring.Tag",
    {
        "model": "monitoring.Exclusion",
        "exclude_fields": ["upto_id", "taken", "returned", "is_complete", "is_judged"],
    },
    "monitoring.ComputedTag",
    "monitoring.Person",
    {
        "model": "monitoring.Channel",
        "exclude_fields": ["verified_at", "failing_since", "failure", "failures", "blocked_until"],
        "mask_fields": ["settings", "secrets"],
    },
    "monitoring.Schedule",
    "monitoring.ScheduleMember",
    "monitoring.ScheduleOverride",
    {"model": "monitoring.MaintenanceWindow", "exclude_fields": ["begun_at"]},
    {
        "model": "monitoring.Source",  # sources.mapping_settings records changes of mappings
        "mask_fields": ["secrets"],
        "exclude_fields": ["revision", "changed_at", "status", "mappings", "points", "gaps", "jobs"],
    },
    "monitoring.Route",
    "monitoring.RouteStep",
    *(f"monitoring.{each}" for each in ("Vessel", "VesselName", "VesselTag", "Recipe", "RecipePhase")),
    {"model": "monitoring.Batch", "exclude_fields": ["revision", "changed_at"]},
    "monitoring.BatchPhase",
    {"model": "monitoring.FileImport", "include_fields": ["name", "size", "path", "state", "by"]},
    {"model": "monitoring.Token", "exclude_fields": ["used_at"], "mask_fields": ["digest"]},
    "monitoring.ExternalIdentity",
    {
        "model": "otp_totp.TOTPDevice",
        "include_fields": ["user", "name", "confirmed", "key"],
        "mask_fields": ["key"],
    },
    {
        "model": "auth.User",
        "exclude_fields": ["last_login"],
        "mask_fields": ["password"],
        "m2m_fields": {"groups", "user_permissions"},
    },
    {"model": "auth.Group", "m2m_fields": {"permissions"}},
    "django_q.Schedule",  # changes by persons; fermon_site.audit omits the worker's
)

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# The address at which people reach Fermon, for links in messages. Empty: no links.
FERMON_PUBLIC_URL = environment.web_address("FERMON_PUBLIC_URL")
# Of quiet hours, schedules and times in messages, where a person or schedule names no other zone.
FERMON_TIME_ZONE = environment.time_zone("FERMON_TIME_ZONE")
FERMON_ACK_LINKS = environment.flag("FERMON_ACK_LINKS", default=True)
# Pinged each minute while the whole chain works; told by the web process when nothing else can.
FERMON_HEARTBEAT_URL = environment.web_address("FERMON_HEARTBEAT_URL")
FERMON_EMERGENCY_URL = environment.web_address("FERMON_EMERGENCY_URL")
# The mail server of channels that name none, the sender of mails, and the contact for push services.
FERMON_SMTP = environment.smtp_server("FERMON_SMTP_URL")
FERMON_EMAIL_FROM = environment.text("FERMON_EMAIL_FROM", "")
FERMON_PUSH_CONTACT = environment.text("FERMON_PUSH_CONTACT", "")

# Files of archived measurements: a directory, or S3-compatible storage. Empty: in the data directory.
FERMON_ARCHIVE_URL = environment.archive_address("FERMON_ARCHIVE_URL")

# The key that encrypts secrets of sources (else a file has it); whether sources may be on this machine.
FERMON_SOURCE_KEY = environment.text("FERMON_SOURCE_KEY", "")
FERMON_SOURCE_LOOPBACK = environment.flag("FERMON_SOURCE_LOOPBACK", default=False)

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
FORMAT_MODULE_PATH = ["fermon_site.formats"]
USE_TZ = True

# No form takes files, so none is written to the disk; fermon_site.limits bounds the body.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# In production manage.py serve collects static files; otherwise the server reads them from their sources.
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_MAX_AGE = 60  # s, for the few files without a hash in the name
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "fermon_site.static_files.HashedFiles"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_RENDERER_CLASSES": [
        "monitoring.api.renderers.FastJSONRenderer",
        "monitoring.api.renderers.PageRenderer",
    ],
    "DEFAULT_PARSER_CLASSES": ["monitoring.api.parsers.ReadingParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "monitoring.access.authentication.SourceAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "monitoring.access.scopes.WithinScope",
        "monitoring.access.permissions.OpenOrAllowed",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["monitoring.access.throttles.CallerThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "monitoring.api.errors.exception_handler",
    "COMPACT_JSON": True,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Fermon",
    "DESCRIPTION": "Readings in, measurements and anomalies out.",
    "VERSION": __version__,
    "TAGS": [
        {"name": "tags", "description": "The signals that are watched, each with its range and limits."},
        {"name": "measurements", "description": "Stored readings, and which of them are anomalies."},
        {
            "name": "alarms",
            "description": "What needs a person now, what people did about it, and definitions.",
        },
        {
            "name": "notifications",
            "description": "Who is notified of alarms, when and how; and what became of each message.",
        },
        {
            "name": "imports",
            "description": "CSV and XLSX files: what was understood, to which tags, and what became of it.",
        },
        {
            "name": "batches",
            "description": "Vessels with their tags, recipes, and the batches that vessels run.",
        },
        {"name": "sources", "description": "Field sources: what arrives from them, and the tags it feeds."},
        {"name": "ingest", "description": "Where readings come in, one or many at a time."},
        {"name": "system", "description": "Totals, health, and this description."},
    ],
    "ENUM_NAME_OVERRIDES": {
        "MomentSourceEnum": "monitoring.models.MomentSource",
        "NoteKindEnum": "monitoring.models.note.NoteKind",
        "KindEnum": list(TagKind),
    },
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "tokenAuth": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "'Token' and the key: made in the admin; needed to write where FERMON_OPEN=0.",
            },
            "bearerAuth": {
                "type": "http",
                "scheme": "bearer",
                "description": "The same key, or an access token of the provider of single sign-on.",
            },
            "cookieAuth": {
                "type": "apiKey",
                "in": "cookie",
                "name": "sessionid",
                "description": "A login: enough to read where FERMON_OPEN=0.",
            },
        }
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOGGING = logging_config(FERMON_DATA_DIR / "logs")

SECURE_REFERRER_POLICY = "same-origin"
# Chart.js by its full address: some other files of the CDN would run arbitrary code.
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF] if FERMON_LOCAL_SCRIPTS else [SELF, CHART_SCRIPT.url],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],  # the service worker that shows push messages
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
CSRF_FAILURE_VIEW = "monitoring.api.errors.csrf_failed"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
# Redirect requests without TLS, except the health check and Prometheus of this machine.
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = ["^health$", "^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
# The owner of the whole domain decides about browsers' HSTS preload lists. W161 takes a fixed time of day for
# a mistake while the clock is within ten seconds of it: "quiet until 7:00" warns who starts Fermon at 7:00.
SILENCED_SYSTEM_CHECKS = ["security.W021", "fields.W161"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if FERMON_PROXIES else None
