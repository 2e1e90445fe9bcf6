"""Sources' tokens in the admin."""

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
    """A token is made and revoked here; its secret is on the page that follows, and nowhere afterwards."""

    list_display = ("name", "scope", "prefix", "active", "expires_at", "used_at", "created_at")
    list_filter = ("active", "scope")
    search_fields = ("name", "prefix")
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: Token | None = None) -> tuple[str, ...]:
        """Once it is made, also what became of it."""
        decided = ("name", "scope", "prefix", "expires_at")
        return (*decided, "active", "created_at", "used_at") if obj else decided

    def get_readonly_fields(self, request: HttpRequest, obj: Token | None = None) -> tuple[str, ...]:
        """What it may do is decided when it is made."""
        return ("scope", "prefix", "created_at", "used_at") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        """It is revoked, and stays known."""
        return False

    def save_model(self, request: HttpRequest, obj: Token, form: Any, change: bool) -> None:
        """Makes the secret of a new one."""
        if change:
            obj.save(update_fields=["name", "expires_at", "active"])  # not used_at, which moves meanwhile
        else:
            request.new_secret = make_token(obj)  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: Token, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The secret, this once: neither a message nor a session ever holds it."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"Token {obj}",
            "secret": request.new_secret,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/monitoring/token/made.html", context)

    @admin.action(description="Revoke the selected tokens", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        """Lets nobody in by them any more. Row by row: each is recorded."""
        for token in queryset.filter(active=True):
            token.active = False
            token.save(update_fields=["active"])
