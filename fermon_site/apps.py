"""Django apps that Fermon configures."""

from auditlog.apps import AuditlogConfig
from auditlog.signals import pre_log
from django.apps import apps as all_apps
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save


class FermonAdminConfig(AdminConfig):
    """Django's admin with Fermon's site, which is entered by role."""

    default_site = "fermon_site.admin.FermonAdminSite"


class FermonAuditConfig(AuditlogConfig):  # type: ignore[misc]  # auditlog has no types
    """django-auditlog with append-only entries, logins and token changes."""

    def ready(self) -> None:
        """Connect the signals that add entries and protect them from change."""
        super().ready()
        from fermon_site import audit

        entries = self.get_model("LogEntry")
        pre_save.connect(audit.refuse_change, sender=entries)
        pre_delete.connect(audit.refuse_deletion, sender=entries)
        user_logged_in.connect(audit.logged_in)
        user_logged_out.connect(audit.logged_out)
        user_login_failed.connect(audit.login_failed)
        pre_log.connect(audit.by_a_person, sender=all_apps.get_model("django_q", "Schedule"))
        pre_delete.connect(audit.group_deleted, sender=all_apps.get_model("auth", "Group"))
        for model in audit.key_models():
            post_save.connect(audit.key_made, sender=model)
            post_delete.connect(audit.key_deleted, sender=model)
