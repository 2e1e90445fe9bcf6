"""The monitoring app."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as all_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.signals import user_logged_in
from django.core.signals import request_started
from django.db import connections
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from monitoring.access.roles import ROLES, grants
from monitoring.database.connections import close_if_replaced, remember_file
from monitoring.ingest.stored import stored
from monitoring.ingest.tag_version import track_changes
from monitoring.live.publish import publish


class MonitoringConfig(AppConfig):
    """The app of all Fermon's rooms."""

    name = "monitoring"
    verbose_name = "Fermentation monitoring"

    def ready(self) -> None:
        """Connect the signal handlers for connections, stored readings, requests, logins and migrations."""
        from monitoring.access.one_time_codes.pending import forget_steps

        user_logged_in.connect(forget_steps)
        connection_created.connect(remember_file)
        stored.connect(publish)
        request_started.connect(close_if_replaced)
        post_migrate.connect(grant_permissions)
        post_migrate.connect(track_tags, sender=self)


def track_tags(using: str, **kwargs: Any) -> None:
    """Make the triggers by which a writer on SQLite notices that tags have changed."""
    is_sqlite = connections[using].vendor == "sqlite"
    if is_sqlite and "tags" in connections[using].introspection.table_names():
        track_changes(using)


def grant_permissions(sender: AppConfig, using: str, apps: Apps = all_apps, **kwargs: Any) -> None:
    """Grant each role its permissions on the models of a migrated app.

    Django creates permissions after all migrations, so no migration can do this. Permissions that an
    administrator added to a role stay.
    """
    create_permissions(sender, verbosity=0, using=using, apps=apps)
    try:
        group, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:  # a migration of long ago was asked for
        return
    found = permission.objects.using(using).filter(content_type__app_label=sender.label)
    known = {f"{sender.label}.{each.codename}": each for each in found}
    for role in group.objects.using(using).filter(name__in=ROLES):
        role.permissions.add(*(known[name] for name in grants(role.name, known)))
