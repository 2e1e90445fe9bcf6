"""Who may do what: every route of the URL configuration, with every role and without one, in both modes.

A route that is missing from the tables fails here: whoever adds one says whom it is for.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings

STRANGER, NEW = "stranger", "somebody without a role"
ENGINEERS = frozenset({"engineer", "administrator", "superuser"})
ADMINISTRATORS = frozenset({"administrator", "superuser"})
OPERATORS = ENGINEERS | {"operator"}
READERS = OPERATORS | {"viewer"}
ALL = READERS | {STRANGER, NEW}
OPERATORS_ACTS = ("acknowledge", "shelve", "unshelve", "reset", "comment", "rate")
CONDUCTORS_ACTS = ("start", "inoculate", "phases", "end", "abort", "moments", "confirm")
SAMPLE_ACTS = ("", "/results", "/results/<result>/correct", "/withdraw")
ENGINEERS_ACTS = ("suppress", "out-of-service", "return")
NOBODY: frozenset[str] = frozenset()

SAFE, UNSAFE = ("GET", "HEAD", "OPTIONS"), ("POST", "PUT", "PATCH", "DELETE")
EXAMPLES = {
    "name": "fermenter_temp",
    "object_id": "1",
    "id": "1",
    "content_type_id": "1",
    "slug": "reactor",
    "mapping": "1",
    "moment": "start",
    "vessel": "v1",
    "recipe": "r1",
    "tag": "driving_force",
    "number": "1",
    "result": "1",
}
EXAMPLES |= {"app_label": "monitoring", "url": "nothing", "file": "nothing.js", "token": "nothing"}

# Who gets to a page, by whatever method.
PAGES = {
    "dashboard": READERS,
    "alarms/present": READERS,
    "alarms/advisor": ENGINEERS,
    "notes/subjects": READERS,
    **dict.fromkeys(
        (f"batches/<int:id>/{each}" for each in ("sample", "sample/<int:number>", "note")), OPERATORS
    ),
    "notifications": READERS,
    "notifications/channels/add": ADMINISTRATORS,
    "notifications/channels/<int:id>": ADMINISTRATORS,
    "notifications/channels/<int:id>/test": ADMINISTRATORS,
    "notifications/people/add": ADMINISTRATORS,
    "notifications/people/<int:id>": ADMINISTRATORS,
    "notifications/windows/add": ENGINEERS,
    "notifications/windows/<int:id>/end": ENGINEERS,
    "notifications/push": OPERATORS,
    "imports": ENGINEERS,
    "imports/<int:id>": ENGINEERS,
    "imports/<int:id>/progress": ENGINEERS,
    "sources/arriving": ENGINEERS,
    **dict.fromkeys(("profiles/new", "profiles/<int:id>/use"), ENGINEERS),
    "sources/add": ADMINISTRATORS,
    **dict.fromkeys((f"sources/<int:id>/{each}" for each in ("change", "act", "tags", "mapping")), ENGINEERS),
    "vessels/add": ENGINEERS,
    "vessel-groups": ENGINEERS,
    "vessels/<str:name>/conduct": OPERATORS,
    "vessels/<str:name>/design": ENGINEERS,
    "vessels/<str:name>/rules/<str:moment>": ENGINEERS,
    **dict.fromkeys(("new-recipe", "recipes/<str:name>/change", "recipes/<str:name>/offer"), ENGINEERS),
    "batches/<int:id>/header": OPERATORS,
    "batches/<int:id>/mark": ENGINEERS,
    "batches/<int:id>/confirm-moments": OPERATORS,
    "acknowledge/<str:token>": ALL,  # the link is the right
    "confirm-channel/<str:token>": ALL,
    "push-worker.js": ALL,
    "manifest.webmanifest": ALL,
    "backtest": READERS,
    "backtest/progress": READERS,
    "login": ALL,
    "login/code": ALL,  # the view asks for the password before
    "sign-in/start": ALL,
    "sign-in/return": ALL,
    "signed-out": ALL,
    "one-time-codes": ALL,  # off
    "logout": ALL,
    "password": READERS | {NEW},
    "password/changed": READERS | {NEW},
    "favicon.ico": ALL,
    "scripts/<str:file>": ALL,
    "health": ALL,
    "metrics": ALL,  # from this machine, as here: tests/api/test_metrics.py
    "ping": ALL,  # clients of InfluxDB send no token
}
# What is somebody's own takes a login in open mode, too.
OWN = {"password", "password/changed"}
# Reading is for readers; writing needs a token, which nobody has here.
API = {
    *("", "tags", "tags/<name>", "data", "anomalies", "events", "trend", "statistics", "stream", "export"),
    *("alarms/journal", "alarms/kpis"),
    *("quality", "gaps"),
    *(f"batches/<id>/{each}" for each in ("trend", "forecast", "soft-sensors", "report", "export")),
    *(f"batches/<id>/{each}" for each in ("watch", "watch/contributions", "monitor", "contributions")),
    "batches/<id>/deviations",
    "batches/<int:id>/report",
    "batches/compare",
    *("ingest", "ingest/batch", "stats", "schema", "docs"),
    *("write", "api/v2/write", "query"),
}
# Who acts by their login, too: what a page sends carries a CSRF token. Whom a method has no use for gets 405.
ACTS = {
    **dict.fromkeys(("exclusions", "exclusions/<id>", "exclusions/<id>/revoke"), ENGINEERS),
    **dict.fromkeys(("alarms", "alarms/<id>", "alarms/<int:id>"), READERS),
    **dict.fromkeys(("alarm-definitions", "alarm-definitions/<id>"), ENGINEERS),
    **dict.fromkeys(("notes", "notes/<id>", "notes/<id>/withdraw"), OPERATORS),
    **dict.fromkeys(("views", "views/<slug>"), OPERATORS),
    **dict.fromkeys((f"vessels/<vessel>/computed-tags{each}" for each in ("", "/<tag>")), ENGINEERS),
    **dict.fromkeys(("batches/<id>/samples", "batches/<id>/annotations"), OPERATORS),
    **dict.fromkeys((f"batches/<id>/samples/<number>{act}" for act in SAMPLE_ACTS), OPERATORS),
    **dict.fromkeys(
        ("profiles", "profiles/<id>", "profiles/<int:id>", "profiles/preview", "batches/<id>/profile"),
        ENGINEERS,
    ),
    **dict.fromkeys(
        ("source-points", *(f"source-points/{act}" for act in ("make-tags", "ignore", "restore"))), ENGINEERS
    ),
    **dict.fromkeys(
        (f"alarms/{act}" for act in ("acknowledge", *(f"<id>/{each}" for each in OPERATORS_ACTS))), OPERATORS
    ),
    **dict.fromkeys((f"alarms/<id>/{act}" for act in ENGINEERS_ACTS), ENGINEERS),
}
# Operators conduct batches; engineers set up vessels, recipes and golden batches.
ACTS |= {
    **dict.fromkeys(("vessels", "vessels/<str:name>", "vessels/<vessel>", "vessels/of-groups"), ENGINEERS),
    **dict.fromkeys(("vessels/<vessel>/tags", "vessels/<vessel>/tags/<id>"), ENGINEERS),
    **dict.fromkeys(("recipes", "recipes/<recipe>", "batches/<id>/golden"), ENGINEERS),
    **dict.fromkeys(
        ("batches", "batches/<id>", "batches/<int:id>", *(f"batches/<id>/{act}" for act in CONDUCTORS_ACTS)),
        OPERATORS,
    ),
}
# Status is for readers; engineers map, administrators decide where Fermon connects.
ACTS |= {
    **dict.fromkeys(("sources", "sources/<id>/trust"), ADMINISTRATORS),
    **dict.fromkeys(
        (f"sources/<id>/{act}" for act in ("test", "discover", "listen", "enable", "disable")), ENGINEERS
    ),
}
# Reading is for engineers, too; who changes what.
SET_UP = {
    "deliveries": NOBODY,
    **dict.fromkeys(
        (*("channels", "channels/<id>", "channels/<id>/test"), *("routes", "routes/<id>")), ADMINISTRATORS
    ),
    **dict.fromkeys(("schedules", "schedules/<id>"), ADMINISTRATORS),
    **dict.fromkeys(("sources/<id>/mappings", "sources/<id>/mappings/<mapping>"), ENGINEERS),
    "source-jobs/<id>": NOBODY,
    **dict.fromkeys(("windows", "windows/<id>"), ENGINEERS),
    **dict.fromkeys(("file-imports", "file-imports/<id>"), ENGINEERS),
    **dict.fromkeys(
        (f"file-imports/<id>/{act}" for act in ("content", "check", "start", "cancel", "rejected")), ENGINEERS
    ),
}
ADMIN = {
    "": ENGINEERS,
    "login/": ENGINEERS,
    "logout/": ENGINEERS,
    "password_change/": ENGINEERS,
    "password_change/done/": ENGINEERS,
    "autocomplete/": NOBODY,  # no form has any
    "jsi18n/": ENGINEERS,
    "r/<path:content_type_id>/<path:object_id>/": ENGINEERS,
    "<app_label>/": ENGINEERS,
    "<url>": ENGINEERS,
    "auth/user/<id>/password/": ADMINISTRATORS,
    "monitoring/hostclock/confirm/": ADMINISTRATORS,
}
# Who sees, adds, changes and deletes the rows of a table.
RECORDS = (ENGINEERS, NOBODY, NOBODY, NOBODY)
ADMINISTERED = (ADMINISTRATORS,) * 4
TABLES = {
    "monitoring/tag": (ENGINEERS,) * 4,
    "monitoring/measurement": RECORDS,
    "monitoring/event": RECORDS,
    "monitoring/alarmdefinition": (ENGINEERS, ENGINEERS, ENGINEERS, NOBODY),
    "monitoring/alarmstate": RECORDS,
    "monitoring/alarmoccurrence": RECORDS,
    "monitoring/alarmjournalentry": RECORDS,
    "monitoring/note": RECORDS,
    "monitoring/sample": RECORDS,
    "monitoring/profile": RECORDS,
    "monitoring/savedview": (ENGINEERS, NOBODY, ADMINISTRATORS, ADMINISTRATORS),
    "monitoring/person": (ENGINEERS, ADMINISTRATORS, ADMINISTRATORS, NOBODY),
    "monitoring/channel": (ENGINEERS, ADMINISTRATORS, ADMINISTRATORS, NOBODY),
    "monitoring/route": (ENGINEERS, *(ADMINISTRATORS,) * 3),
    "monitoring/schedule": (ENGINEERS, *(ADMINISTRATORS,) * 3),
    "monitoring/maintenancewindow": (ENGINEERS, ENGINEERS, ENGINEERS, NOBODY),
    "monitoring/pushsubscription": (ENGINEERS, NOBODY, NOBODY, ADMINISTRATORS),
    "monitoring/escalation": RECORDS,
    "monitoring/delivery": RECORDS,
    "monitoring/deliveryattempt": RECORDS,
    "monitoring/vessel": (ENGINEERS, ENGINEERS, ENGINEERS, NOBODY),
    "monitoring/vesseltag": (ENGINEERS,) * 4,
    "monitoring/recipe": (ENGINEERS, ENGINEERS, ENGINEERS, NOBODY),
    **dict.fromkeys((f"monitoring/{each}" for each in ("batch", "sample", "profile")), RECORDS),
    **dict.fromkeys((f"monitoring/{each}" for each in ("batchwatch", "deviation")), RECORDS),
    "monitoring/fileimport": RECORDS,
    "monitoring/importmapping": (ENGINEERS, NOBODY, NOBODY, ADMINISTRATORS),
    **dict.fromkeys((f"monitoring/{each}" for each in ("source", "sourcemapping", "sourcepoint")), RECORDS),
    **dict.fromkeys((f"monitoring/{each}" for each in ("sourcestatus", "sourcegap", "sourcejob")), RECORDS),
    "monitoring/qualityspan": RECORDS,
    "monitoring/exclusion": (ENGINEERS, ENGINEERS, NOBODY, NOBODY),
    "monitoring/excludedmeasurement": RECORDS,
    "monitoring/series": RECORDS,
    "monitoring/lease": RECORDS,
    "monitoring/hostclock": RECORDS,
    "monitoring/replacement": RECORDS,
    "monitoring/refusal": RECORDS,
    "monitoring/refusalcount": RECORDS,
    "monitoring/setasidereading": (ENGINEERS, NOBODY, ENGINEERS, ENGINEERS),
    "monitoring/token": (ADMINISTRATORS, ADMINISTRATORS, ADMINISTRATORS, NOBODY),
    "monitoring/externalidentity": (ADMINISTRATORS, NOBODY, NOBODY, ADMINISTRATORS),
    "otp_totp/totpdevice": (ADMINISTRATORS, NOBODY, NOBODY, ADMINISTRATORS),
    "auditlog/logentry": (ADMINISTRATORS, NOBODY, NOBODY, NOBODY),
    "auth/group": ADMINISTERED,
    "auth/user": ADMINISTERED,
    "django_q/schedule": ADMINISTERED,
    "django_q/success": (ADMINISTRATORS, NOBODY, ADMINISTRATORS, ADMINISTRATORS),
    "django_q/failure": (ADMINISTRATORS, NOBODY, ADMINISTRATORS, ADMINISTRATORS),
    "django_q/ormq": (ADMINISTRATORS, NOBODY, ADMINISTRATORS, ADMINISTRATORS),
}
WITH_ROWS = {"auditlog/logentry", "monitoring/tag", "auth/group", "auth/user"}

# PostgreSQL needs one role: a superuser sees each page, and with that its SQL.
ROLES = [pytest.param(role, marks=[] if role == "superuser" else pytest.mark.once) for role in sorted(ALL)]

# The least, and the most: open mode gives each role more than closed mode does, and the same in the admin.
OPEN_ROLES = (STRANGER, NEW, "viewer", "superuser")

Access = dict[tuple[str, str], frozenset[str]]


def by_method(route: str, who: frozenset[str], methods: Iterable[str]) -> Access:
    return {(route, method): who for method in methods}


def access() -> Access:
    """Who gets in, by route and method, while Fermon is closed."""
    found: Access = {}
    for route, who in PAGES.items():
        found |= by_method(route, who, SAFE + UNSAFE)
    for route in API:
        found |= by_method(route, READERS, SAFE) | by_method(route, NOBODY, UNSAFE)
    for route, who in ACTS.items():
        found |= by_method(route, READERS, SAFE) | by_method(route, who, UNSAFE)
    for route, who in SET_UP.items():
        found |= by_method(route, ENGINEERS, SAFE) | by_method(route, who, UNSAFE)
    for route in ("sources/<id>", "sources/<int:id>"):
        found |= by_method(route, READERS, SAFE) | by_method(route, ENGINEERS, ("PUT", "PATCH"))
        found |= by_method(route, ADMINISTRATORS, ("POST", "DELETE"))
    found |= by_method("alarms/advice", ENGINEERS, SAFE) | by_method("alarms/advice", READERS, UNSAFE)
    for route, who in ADMIN.items():
        found |= by_method(f"admin/{route}", who, ("GET", "POST"))
    for table, rights in TABLES.items():
        found |= access_to_table(f"admin/{table}/", *rights, has_rows=table in WITH_ROWS)
    return found


def access_to_table(
    table: str,
    see: frozenset[str],
    add: frozenset[str],
    change: frozenset[str],
    delete: frozenset[str],
    *,
    has_rows: bool,
) -> Access:
    row = f"{table}<path:object_id>/"
    found = by_method(table, see, ("GET", "POST")) | by_method(f"{table}add/", add, ("GET", "POST"))
    found |= {(f"{row}change/", "GET"): see, (f"{row}change/", "POST"): change}
    found |= by_method(f"{row}delete/", delete, ("GET", "POST"))
    # Without a row to show there is nothing to refuse, either: Django leads to the index.
    found |= by_method(f"{row}history/", see if has_rows else ENGINEERS, ("GET", "POST"))
    return found | by_method(row, ENGINEERS, ("GET", "POST"))  # leads to change/


def routes(patterns: Iterable[Any], before: str = "") -> Iterator[str]:
    """Every route below these patterns; regular expressions as paths are written."""
    for pattern in patterns:
        route = before + re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", str(pattern.pattern)).strip("^$")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


def address(route: str) -> str:
    """An address of the route: of its table's first row, where it has one."""
    examples = EXAMPLES | {"object_id": first_row(route) or EXAMPLES["object_id"]}
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: examples[found[1]], route)


def first_row(route: str) -> str:
    """The first id in the table that the route is about; empty if there is none."""
    table = re.match(r"admin/(\w+)/(\w+)/<path:object_id>", route)
    first = table and apps.get_model(table[1], table[2]).objects.order_by("pk").first()
    return str(first.pk) if first else ""


def is_refused(answer: Any) -> bool:
    to_login = answer.headers.get("Location", "").startswith(("/login", "/admin/login/"))
    return answer.status_code in (401, 403) or to_login


def is_sent_back(route: str, answer: Any) -> bool:
    """Whether who is not in the admin is led from its logout to its index, which leads to the login."""
    return route == "admin/logout/" and answer.headers.get("Location") == "/admin/"


def leaves_signed_in(item: tuple[tuple[str, str], Any]) -> int:
    """The order in which to ask: what signs out comes last."""
    return ["admin/logout/", "logout"].index(item[0][0]) + 1 if "logout" in item[0][0] else 0


def strangest(client: Client, role: str, *, is_open: bool = False) -> Iterator[str]:
    """What the role is answered otherwise than the table says."""
    for (route, method), named in sorted(access().items(), key=leaves_signed_in):
        is_for_all = is_open and not route.startswith("admin/") and route not in OWN
        allowed = ALL if is_for_all else named
        answer = client.generic(method, address(route), headers={"accept": "*/*"})
        is_in = not is_refused(answer) and not is_sent_back(route, answer)
        is_wrong = is_in != (role in allowed) and answer.status_code != 405
        if is_wrong or (answer.status_code >= 500 and route != "stream"):
            yield f"{method} /{route}: {answer.status_code}"
        if not is_in and method == "GET" and b"fermenter" in answer.content:
            yield f"{method} /{route}: refused, and yet it tells something"


@pytest.fixture
def signed_in(client: Client, settings: Settings, account: Callable[[str], User]) -> Callable[[str], Client]:
    """The role's browser. Streams have no place left: they would not end."""
    settings.FERMON_DATA_DIR.mkdir(exist_ok=True)  # the key of web push lies there
    settings.FERMON_STREAM_CLIENTS = 0
    settings.FERMON_STRANGER_RATE = 10**6  # there are more routes than calls a minute

    def sign_in(role: str) -> Client:
        if role == "superuser":
            client.force_login(User.objects.create_superuser(role))
        elif role == NEW:
            client.force_login(User.objects.create_user("new"))
        elif role != STRANGER:
            client.force_login(account(role))
        return client

    return sign_in


def test_every_route_is_in_the_tables_and_none_that_is_gone() -> None:
    assert set(routes(get_resolver().url_patterns)) == {route for route, _ in access()}


@pytest.mark.no_cover
@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_closed_a_role_gets_where_the_tables_say_and_nowhere_else(
    signed_in: Callable[[str], Client], settings: Settings, role: str
) -> None:
    settings.FERMON_OPEN = False
    assert list(strangest(signed_in(role), role)) == []


@pytest.mark.once
@pytest.mark.no_cover
@pytest.mark.django_db
@pytest.mark.parametrize("role", OPEN_ROLES)
def test_open_everybody_gets_everywhere_but_into_the_admin_and_to_what_is_somebodys_own(
    signed_in: Callable[[str], Client], role: str
) -> None:
    assert list(strangest(signed_in(role), role, is_open=True)) == []
