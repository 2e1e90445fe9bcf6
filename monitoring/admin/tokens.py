"""Tokens of sources in the admin."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from monitoring.access.token_store import make_token
from monitoring.models import Token

if TYPE_CHECKING:
    TokenModelAdmin = admin.ModelAdmin[Token]
else:  # Django's own class takes no parameters while it runs
    TokenModelAdmin = admin.ModelAdmin


@admin.register(Token)
class TokenAdmin(TokenModelAdmin):
    """Create and revoke tokens; the secret appears once, on the page after the creation."""

    list_display = ("name", "scope", "prefix", "active", "expires_at", "used_at", "created_at")
    list_filter = ("active", "scope")
    search_fields = ("name", "prefix")
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: Token | None = None) -> tuple[str, ...]:
        """Add the use and revocation for an existing token."""
        decided = ("name", "scope", "prefix", "expires_at")
        return (*decided, "active", "created_at", "used_at") if obj else decided

    def get_readonly_fields(self, request: HttpRequest, obj: Token | None = None) -> tuple[str, ...]:
        """Make the rights of an existing token read-only."""
        return ("scope", "prefix", "created_at", "used_at") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        """Refuse: a token is revoked and stays on record."""
        return False

    def save_model(self, request: HttpRequest, obj: Token, form: Any, change: bool) -> None:
        """Make the secret of a new token."""
        if change:
            obj.save(update_fields=["name", "expires_at", "active"])  # not used_at, which moves meanwhile
        else:
            request.new_secret = make_token(obj)  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: Token, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret, this once: no message and no session ever contains it."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"Token {obj}",
            "secret": request.new_secret,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/monitoring/token/made.html", context)

    @admin.action(description="Revoke the selected tokens", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        """Revoke the tokens, row by row, so that each is recorded."""
        for token in queryset.filter(active=True):
            token.active = False
            token.save(update_fields=["active"])
