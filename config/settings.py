"""All settings, from the environment (see .env.example); unset, they are the embedded default."""

import datetime
import os
import sys
from email.utils import getaddresses
from ipaddress import ip_network
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from core import logs

ROOT = Path(__file__).resolve().parent.parent


class SecretFiles(FileAwareMapping):
    """The environment, where SECRET_KEY_FILE names a file with SECRET_KEY, and so for any name."""

    def __getitem__(self, name):
        value = super().__getitem__(name)
        return value.removesuffix("\n") if self.env.get(f"{name}_FILE") else value


env = environ.FileAwareEnv()
env.ENVIRON = SecretFiles()
environ.Env.read_env(ROOT / ".env")

# --- Where things are kept -----------------------------------------------------------------------
DATA_DIR = Path(env("DATA_DIR", default=str(ROOT / "var"))).resolve()
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
MEDIA_ROOT = DATA_DIR / "media"
S3_BUCKET = env("S3_BUCKET", default="")  # what hosts share goes there instead of into DATA_DIR
RELEASES_DIR = DATA_DIR / "releases"
RUNS_DIR = DATA_DIR / "runs"
WORK_DIR = DATA_DIR / "work"  # clips on their way into the storage


def at_least(name, value, least):
    """The value of a setting. Raises ImproperlyConfigured where it is too small, or no number."""
    if not value >= least:
        raise ImproperlyConfigured(f"{name} must be at least {least}, not {value}.")
    return value


def kept_secret(path: Path) -> str:
    """The secret key of the embedded default: made once, readable by its owner alone."""
    if not path.exists():
        from django.core.management.utils import get_random_secret_key

        path.touch(mode=0o600)
        path.write_text(get_random_secret_key())
    return path.read_text()


# --- Web -----------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="") or kept_secret(DATA_DIR / "secret_key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = env.bool("HTTPS_REDIRECT", default=HTTPS)  # probes are answered before
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000) if HTTPS else 0
at_least("HSTS_SECONDS", SECURE_HSTS_SECONDS, 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
X_FRAME_OPTIONS = "DENY"
WEB_THREADS = env.int("WEB_THREADS", default=4)  # of each web process, that run the application
at_least("WEB_THREADS", WEB_THREADS, 1)
WSGI_APPLICATION = "config.wsgi.application"
ROOT_URLCONF = "config.urls"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "django_cotton",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
    "core",
    "jobs",
    "people",
    "corpus",
    "annotation",
    "releases",
    "modeling",
    "backups",
    "demo",
]
MIDDLEWARE = [
    "jobs.probes.ProbeMiddleware",  # before requests are counted and logged
    "core.request_log.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.compression.CompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.prefetch.PrefetchMiddleware",
    "core.middleware.RequestCheckMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "people.middleware.SetupMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "people.preferences.PreferencesMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "core.middleware.FormCheckMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "people.sign_in.sessions.SessionActivityMiddleware",
    "corpus.archive.ArchiveMiddleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "people.page_context.setup_state",
                "demo.sign_ins.demo_sign_ins",
            ],
            "builtins": ["core.templatetags.icon"],
        },
    },
]
COTTON_ISOLATE_BY_DEFAULT = True  # a component sees its parameters and the request, not the page
MEDIA_ORIGIN = env.list("S3_ORIGIN", default=[])  # where signed addresses lead, for the browser
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", *MEDIA_ORIGIN],
        "media-src": [SELF, "blob:", *MEDIA_ORIGIN],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 0  # uploads are files from the first byte, so that they can be probed

# --- People --------------------------------------------------------------------------------------
AUTH_USER_MODEL = "people.Person"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
SETUP_REDIRECT_URL = "getting_started"  # where the first account begins
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
] + [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["username", "name", "email"]},
    }
]
PASSWORD_RESET_TIMEOUT = 24 * 3600  # seconds that a link to reset a password holds

# --- Signing in: lock-out ------------------------------------------------------------------------
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)  # that add to X-Forwarded-For; 0: none does
at_least("TRUSTED_PROXIES", TRUSTED_PROXIES, 0)
SIGN_IN_FAILURES = env.int("SIGN_IN_FAILURES", default=8)  # of one account from one address
at_least("SIGN_IN_FAILURES", SIGN_IN_FAILURES, 1)
SIGN_IN_ADDRESS_FAILURES = env.int("SIGN_IN_ADDRESS_FAILURES", default=100)  # of all accounts
at_least("SIGN_IN_ADDRESS_FAILURES", SIGN_IN_ADDRESS_FAILURES, 1)
SIGN_IN_LOCK_MINUTES = env.int("SIGN_IN_LOCK_MINUTES", default=15)
at_least("SIGN_IN_LOCK_MINUTES", SIGN_IN_LOCK_MINUTES, 1)
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "people.sign_in.backends.PasswordBackend",
    "django.contrib.auth.backends.ModelBackend",  # of sessions that began before there were others
]
AXES_HANDLER = "people.sign_in.lockout.LockoutHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address"]
AXES_FAILURE_LIMIT = 1  # the handler says 1 of who is locked out, by the limits above
AXES_COOLOFF_TIME = datetime.timedelta(minutes=SIGN_IN_LOCK_MINUTES)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_CALLABLE = "people.sign_in.lockout.account_tried"
AXES_CLIENT_IP_CALLABLE = "people.sign_in.client_address.client_address"
AXES_LOCKOUT_CALLABLE = "people.sign_in.lockout.too_many_requests"
AXES_SENSITIVE_PARAMETERS = ["username", "login", "code", "credential", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True  # the audit log has them
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
SESSION_ENGINE = "people.sign_in.session_store"
SESSION_SEEN_EVERY = 300  # seconds between two notes of when a session was last seen

# --- Signing in: allauth -------------------------------------------------------------------------
ACCOUNT_ADAPTER = "people.sign_in.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_FORMS = {
    "login": "people.sign_in.sign_in_forms.SignInForm",
    "change_password": "people.sign_in.sign_in_forms.PasswordForm",
    "set_password": "people.sign_in.sign_in_forms.FirstPasswordForm",
    "reauthenticate": "people.sign_in.sign_in_forms.ConfirmForm",
    "reset_password": "people.sign_in.sign_in_forms.ResetForm",
    "reset_password_from_key": "people.sign_in.sign_in_forms.NewPasswordForm",
    "add_email": "people.sign_in.sign_in_forms.AddressForm",
}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_VERIFICATION = "none"  # nobody has to confirm an address to sign in
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Shengqing: "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_REAUTHENTICATION_METHODS = {"password", "mfa"}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_RATE_LIMITS = {"login": "300/m/ip", "login_failed": ""}  # failures: see lock-out
MFA_ADAPTER = "people.sign_in.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "people.sign_in.second_factor.CodeForm",
    "reauthenticate": "people.sign_in.second_factor.CodeAgainForm",
    "activate_totp": "people.sign_in.second_factor.SetUpForm",
    "add_webauthn": "people.sign_in.second_factor.PasskeyForm",
}
MFA_RATE_LIMITS = {"webauthn_login": "100/m/ip"}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Shengqing"
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds that a clock may be off
MFA_RECOVERY_CODES_SHOW_ONCE = True

# --- Signing in: OpenID Connect, only where OIDC_ISSUER names a provider -------------------------
OIDC_ISSUER = env("OIDC_ISSUER", default="").rstrip("/")
OIDC_NAME = env("OIDC_NAME", default="") or "OpenID Connect"  # compose passes empty ones
OIDC_ROLE_CLAIM = env("OIDC_ROLE_CLAIM", default="groups")
OIDC_ROLES = env.json("OIDC_ROLES") if env("OIDC_ROLES", default="") else {}
SOCIALACCOUNT_ADAPTER = "people.sign_in.openid_connect.OpenIDAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": OIDC_NAME,
                "client_id": env("OIDC_CLIENT_ID", default=""),
                "secret": env("OIDC_CLIENT_SECRET", default=""),
                "settings": {"server_url": OIDC_ISSUER},
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}

# --- E-mail, only where EMAIL_URL names a server -------------------------------------------------
EMAIL_ENABLED = bool(env("EMAIL_URL", default=""))
vars().update(env.email_url_config(env("EMAIL_URL", default="") or "dummymail://"))
SITE_URL = env("SITE_URL", default="").rstrip("/")  # of links in e-mails that no request sends
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="shengqing@localhost")

# --- Database ------------------------------------------------------------------------------------
if env("DATABASE_HOST", default="") and not env("DATABASE_URL", default=""):
    # PostgreSQL by its parts, in which a password needs no quoting
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": env("DATABASE_HOST"),
            "PORT": env("DATABASE_PORT", default="5432"),
            "NAME": env("DATABASE_NAME", default="shengqing"),
            "USER": env("DATABASE_USER", default="shengqing"),
            "PASSWORD": env("DATABASE_PASSWORD", default=""),
        }
    }
else:
    DATABASES = {
        "default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'shengqing.sqlite3'}")
    }
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["ENGINE"] = "core.databases.sqlite3"  # with a queue for writers
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        transaction_mode="IMMEDIATE",
        timeout=60,  # seconds; a limit for what hangs, not for what is slow
        init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    )
else:
    DATABASES["default"].update(ENGINE="core.databases.postgresql", CONN_HEALTH_CHECKS=True)
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        server_side_binding=True,  # statements that come again are planned once
        prepare_threshold=3,
    )
    for name, value in {  # seconds until a host that has vanished is noticed, not minutes
        "connect_timeout": 5,
        "keepalives_idle": 20,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,  # milliseconds
    }.items():
        DATABASES["default"]["OPTIONS"].setdefault(name, value)
DATABASES["default"].update(CONN_MAX_AGE=60)  # opening a file anew costs as much as ten queries
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Caches --------------------------------------------------------------------------------------
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "fragments": {  # parts of pages that never change, by what they depend on, of each process
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "fragments",
        "TIMEOUT": None,
        "OPTIONS": {"MAX_ENTRIES": 3000},
    },
    "kept": {  # what took seconds to compute, for all processes of this machine
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA_DIR / "cache",
        "TIMEOUT": None,
        "OPTIONS": {"MAX_ENTRIES": 2000},
    },
}

# --- Work queue ----------------------------------------------------------------------------------
REDIS_URL = env("REDIS_URL", default="redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL
if S3_BUCKET:  # hosts share no folder
    CACHES["kept"] = {
        "BACKEND": "core.shared_cache.SharedCache",
        "LOCATION": REDIS_URL.replace("redis+socket:", "unix:").replace("virtual_host=", "db="),
        "KEY_PREFIX": "shengqing",
        "TIMEOUT": 30 * 24 * 3600,
        "OPTIONS": {
            "serializer": "core.shared_cache.JSONSerializer",
            "socket_connect_timeout": 3,
            "socket_timeout": 10,
        },
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 120  # seconds to start; Celery's 4 are few on a busy machine
WORKER_NICENESS = env.int("WORKER_NICENESS", default=10)  # whoever works in a browser goes first
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker outlives its Redis
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 3, "max_retries": 2}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0.1}
TRAIN_THREADS = env.int("TRAIN_THREADS", default=max(1, (os.cpu_count() or 2) // 2))  # a run's
at_least("TRAIN_THREADS", TRAIN_THREADS, 1)
STOP_AFTER = env.float("STOP_AFTER", default=20.0)  # seconds that jobs of a stopping worker have
at_least("STOP_AFTER", STOP_AFTER, 0)
UPKEEP_EVERY = env.float("UPKEEP_EVERY", default=15.0)  # seconds; workers look for lost work
at_least("UPKEEP_EVERY", UPKEEP_EVERY, 0.01)
HEARTBEAT_EVERY = env.float("HEARTBEAT_EVERY", default=0.5)  # seconds; a run hears of Stop then
at_least("HEARTBEAT_EVERY", HEARTBEAT_EVERY, 0.01)
KEEP_EVERY = env.float("KEEP_EVERY", default=30.0)  # seconds between two checkpoints of a run
at_least("KEEP_EVERY", KEEP_EVERY, 0)
CELERY_TASK_ALWAYS_EAGER = env.bool("CELERY_TASK_ALWAYS_EAGER", default=False)
CELERY_TASK_EAGER_PROPAGATES = False
CELERY_TASK_DEFAULT_QUEUE = "work"

# --- Logs, errors, probes ------------------------------------------------------------------------
LOG_LEVEL = env("LOG_LEVEL", default="INFO").upper()
LOG_FILE_BYTES = env.int("LOG_FILE_BYTES", default=10_000_000)  # then a file is moved aside
at_least("LOG_FILE_BYTES", LOG_FILE_BYTES, 10_000)
LOG_FILES = env.int("LOG_FILES", default=5)  # of those moved aside that are kept
at_least("LOG_FILES", LOG_FILES, 0)
ADMINS = getaddresses([env("ADMINS", default="")]) if env("ADMINS", default="") else []
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_SUBJECT_PREFIX = "[Shengqing] "
SENTRY_DSN = env("SENTRY_DSN", default="")
METRICS_TOKEN = env("METRICS_TOKEN", default="")
LEAST_FREE_DISK = env.int("LEAST_FREE_DISK", default=200 * 1024**2)  # bytes; with less, not ready
LINK_ATTEMPTS = env.int("LINK_ATTEMPTS", default=60)  # of an address in ten minutes
at_least("LINK_ATTEMPTS", LINK_ATTEMPTS, 1)
# a file for each kind of process, of which several may run
PROCESS = {"gunicorn": "web", "celery": "worker", "launch.py": "launcher"}
LOGGING = logs.configuration(
    DATA_DIR / "logs" / f"{PROCESS.get(Path(sys.argv[0]).name, 'command')}.jsonl",
    LOG_LEVEL,
    env("LOG_CONSOLE_LEVEL", default=LOG_LEVEL).upper(),
    LOG_FILE_BYTES,
    LOG_FILES,
    mail=EMAIL_ENABLED and bool(ADMINS),
)

# --- Webhooks ------------------------------------------------------------------------------------
# networks that a webhook may lead to although they are not public
loopback = ["127.0.0.0/8", "::1/128"] if DEBUG else []
try:
    WEBHOOK_NETWORKS = [ip_network(text) for text in env.list("WEBHOOK_NETWORKS", default=loopback)]
except ValueError as error:
    raise ImproperlyConfigured(f"WEBHOOK_NETWORKS: {error}") from error
WEBHOOK_HTTP = env.bool("WEBHOOK_HTTP", default=DEBUG)  # whether http:// will do
WEBHOOK_TIMEOUT = env.float("WEBHOOK_TIMEOUT", default=15.0)  # seconds of one attempt
at_least("WEBHOOK_TIMEOUT", WEBHOOK_TIMEOUT, 0.1)
WEBHOOK_RETRY_HOURS = env.float("WEBHOOK_RETRY_HOURS", default=24.0)  # of one delivery
at_least("WEBHOOK_RETRY_HOURS", WEBHOOK_RETRY_HOURS, 0)
WEBHOOK_DISABLE_DAYS = env.float("WEBHOOK_DISABLE_DAYS", default=3.0)  # of failures without a break
at_least("WEBHOOK_DISABLE_DAYS", WEBHOOK_DISABLE_DAYS, 0)
WEBHOOK_KEEP_DAYS = env.int("WEBHOOK_KEEP_DAYS", default=30)  # that deliveries stay in the log
at_least("WEBHOOK_KEEP_DAYS", WEBHOOK_KEEP_DAYS, 8)  # longer than a complete round is looked for

# --- Backups -------------------------------------------------------------------------------------
BACKUP_DIR = env("BACKUP_DIR", default="")  # a folder on another disk; unset, none by themselves
BACKUP_AT = env.list("BACKUP_AT", default=["03:00"])  # times of day, in TIME_ZONE; empty: none
BACKUP_KEEP = env.int("BACKUP_KEEP", default=14)  # backups that stay in BACKUP_DIR; 0: all
at_least("BACKUP_KEEP", BACKUP_KEEP, 0)
BACKUP_WARN_HOURS = env.int("BACKUP_WARN_HOURS", default=48)  # of the last good one, then a warning
at_least("BACKUP_WARN_HOURS", BACKUP_WARN_HOURS, 1)
BACKUP_PASSPHRASE = env("BACKUP_PASSPHRASE", default="")  # of encrypted backups

# --- Languages -----------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = True
TIME_ZONE = env("TIME_ZONE", default="Asia/Shanghai")
USE_TZ = True

# --- Static files --------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(DATA_DIR / "static")))  # where they are collected
NODE_MODULES = ROOT / "node_modules"
STATICFILES_DIRS = [
    ROOT / "static",
    ("guide", ROOT / "docs" / "guide" / "images"),
    ("vendor", NODE_MODULES / "wavesurfer.js" / "dist"),
    ("vendor/sortablejs", NODE_MODULES / "sortablejs" / "modular"),
]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "core.built_files.BuiltFilesFinder",
    "core.vendor_files.VendorFiles",
]
VENDOR_FILES = ["echarts/dist/echarts.common.min.js"]
SIGNED_FOR = env.int("SIGNED_FOR", default=3600)  # seconds that a signed address of media holds
S3_MEDIA = {
    "BACKEND": "storages.backends.s3.S3Storage",
    "OPTIONS": {
        "bucket_name": S3_BUCKET,
        "endpoint_url": env("S3_ENDPOINT", default="") or None,
        "region_name": env("S3_REGION", default="") or None,
        "access_key": env("S3_ACCESS_KEY", default="") or None,
        "secret_key": env("S3_SECRET_KEY", default="") or None,
        "querystring_auth": True,
        "querystring_expire": SIGNED_FOR,
        "file_overwrite": False,
        "default_acl": None,
    },
}
if S3_BUCKET:
    from botocore.config import Config  # heavy, and only for an object store

    # a store that does not answer is noticed within seconds, not minutes
    retries = {"mode": "standard", "total_max_attempts": 3}
    S3_MEDIA["OPTIONS"]["client_config"] = Config(connect_timeout=5, retries=retries)
X_ACCEL = env("X_ACCEL", default="")  # nginx's internal address of DATA_DIR/media
FILE_UPLOAD_PERMISSIONS = 0o644 if X_ACCEL else 0o600  # nginx reads them, too
STORAGES = {
    "default": S3_MEDIA
    if S3_BUCKET
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env("STATIC_STORAGE", default="core.static_storage.StaticFilesStorage")
    },
}
SILENCED_SYSTEM_CHECKS = [
    "staticfiles.W004",  # node_modules is absent until `make setup`
    "security.W005",  # the other hosts of a domain are not ours to promise HTTPS for
    "security.W021",  # nor to enter into the browsers' lists, which can hardly be undone
]

# --- HTTP API ------------------------------------------------------------------------------------
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", default=1200)  # of a token; 0: any
at_least("API_REQUESTS_PER_MINUTE", API_REQUESTS_PER_MINUTE, 0)
IDEMPOTENCY_HOURS = env.int("IDEMPOTENCY_HOURS", default=24)  # that a key is remembered
at_least("IDEMPOTENCY_HOURS", IDEMPOTENCY_HOURS, 1)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "people.api.access.PersonalToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["people.api.access.HasScope", "corpus.archive.ActiveCorpus"],
    "DEFAULT_THROTTLE_CLASSES": ["people.api.throttle.TokenThrottle"],
    "DEFAULT_PARSER_CLASSES": ["core.middleware.StrictJSON"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "core.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "core.api.problems.answer",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Shengqing",
    "DESCRIPTION": "Everything that people do on the pages, for scripts, under their permissions.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/",
    "SORT_OPERATIONS": False,
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "corpus.models.corpora.Membership.Role",
        "SpeakerRoleEnum": "corpus.models.speakers.Speaker.Role",
        "StateEnum": "jobs.models.JobStatus",
        "SourceKindEnum": "corpus.models.sources.Source.Kind",
        "RoundKindEnum": "annotation.models.rounds.Round.Kind",
        "CommentKindEnum": "annotation.models.comments.Comment.Kind",
        "QualityFlagKindEnum": "annotation.models.quality_flags.QualityFlag.Kind",
        "RetractionKindEnum": "releases.models.releases.Retraction.Kind",
        "ModalityEnum": "modeling.learner.recipes.MODALITIES",
        "FeatureModalityEnum": "modeling.models.imported_features.Modality",
        "PromptLanguageEnum": "modeling.models.language_model_judges.PromptLanguage",
        "LanguageEnum": "corpus.forms.LANGUAGES",
        "QualityFlagOutcomeEnum": "annotation.models.quality_flags.QualityFlagReview.Outcome",
        "PersonalDataOutcomeEnum": "releases.models.personal_data.PersonalDataReview.Outcome",
        "JobStateEnum": "jobs.job_list.STATES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "annotation.api.work.say_either",
        "core.api.schema.complete",
    ],
}

# --- Product -------------------------------------------------------------------------------------
VERSION = "0.1.0"
ASR_MODEL_DIR = env("ASR_MODEL_DIR", default="")  # a speech recogniser: transformers, CTranslate2
ASR_LANGUAGE = env("ASR_LANGUAGE", default="zh")  # that Whisper hears; "": as it detects
ASR_SIMPLIFIED = env.bool("ASR_SIMPLIFIED", default=True)  # recognised Chinese
SPEAKER_MODEL_DIR = env("SPEAKER_MODEL_DIR", default="")  # an x-vector model of transformers
SPEAKER_SIMILARITY = env.float("SPEAKER_SIMILARITY", default=0.86)  # of two voices that are one
ENCODERS_DIR = env("ENCODERS_DIR", default=str(DATA_DIR / "encoders"))  # a directory an encoder
FACE_DETECTOR = env("FACE_DETECTOR", default="")  # YuNet or CenterFace as ONNX; OpenCV's cascade
HF_ENDPOINT = env("HF_ENDPOINT", default="https://huggingface.co")  # where encoders come from
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=8 * 1024**3)
MEDIA_MEMORY_MB = env.int("MEDIA_MEMORY_MB", default=4096)  # of the process that reads media
at_least("MEDIA_MEMORY_MB", MEDIA_MEMORY_MB, 512)
MEDIA_TIME_FACTOR = env.int("MEDIA_TIME_FACTOR", default=30)  # seconds it has for one of a film
at_least("MEDIA_TIME_FACTOR", MEDIA_TIME_FACTOR, 1)
CONFINE_LEARNER = env.bool("CONFINE_LEARNER", default=True)  # False where a GPU's driver needs more
MEDIA_IN_PROCESS = False  # tests save the start of another process
DEMO = env.bool("DEMO", default=False)
LISTEN_HOST = env("LISTEN_HOST", default="")  # where the launcher listens; unset by other servers
