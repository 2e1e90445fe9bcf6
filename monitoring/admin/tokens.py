"""API tokens of sources in the admin. Users' own tokens, which are stored as they are, have no page."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from rest_framework.authtoken.admin import TokenAdmin as UserTokenAdmin  # noqa: F401  # registers the table
from rest_framework.authtoken.models import TokenProxy

from monitoring.access.token_store import make_token
from monitoring.models import Token

admin.site.unregister(TokenProxy)

if TYPE_CHECKING:
    TokenModelAdmin = admin.ModelAdmin[Token]
else:  # Django's class is not generic at runtime
    TokenModelAdmin = admin.ModelAdmin


@admin.register(Token)
class TokenAdmin(TokenModelAdmin):
    """Create and revoke tokens. Only the page after the creation shows the secret."""

    list_display = ("name", "scope", "prefix", "active", "expires_at", "used_at", "created_at")
    list_filter = ("active", "scope")
    search_fields = ("name", "prefix")
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: Token | None = None) -> tuple[str, ...]:
        """Return the form's fields; add state, creation and last use for an existing token."""
        decided = ("name", "scope", "prefix", "expires_at")
        return (*decided, "active", "created_at", "used_at") if obj else decided

    def get_readonly_fields(self, request: HttpRequest, obj: Token | None = None) -> tuple[str, ...]:
        """Make scope, prefix, creation and last use of an existing token read-only."""
        return ("scope", "prefix", "created_at", "used_at") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        """Return False for all users: a token can be revoked, and the row stays for the record."""
        return False

    def save_model(self, request: HttpRequest, obj: Token, form: Any, change: bool) -> None:
        """Save an edited token, or create a new one with a secret for ``response_add``."""
        if change:
            obj.save(update_fields=["name", "expires_at", "active"])  # requests update used_at
        else:
            request.new_secret = make_token(obj)  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: Token, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret in this response only; never store the secret in a message or a session."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"Token {obj}",
            "secret": request.new_secret,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/monitoring/token/made.html", context)

    @admin.action(description="Revoke the selected tokens", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        """Revoke the tokens one by one: a bulk update would bypass the audit trail."""
        for token in queryset.filter(active=True):
            token.active = False
            token.save(update_fields=["active"])
