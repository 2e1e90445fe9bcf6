"""The links beside the name of the signed-in user: to the password, to one-time codes."""

from typing import Any

from django.db import Error as DatabaseError
from django.http import HttpRequest

from monitoring.access.one_time_codes.devices import are_on
from monitoring.access.single_sign_on.options import began_at_provider


def account_links(request: HttpRequest) -> dict[str, Any]:
    """Return the context of ``_account.html``, a context processor: ``account_links``, computed when used."""

    def links() -> dict[str, bool]:
        try:
            is_local = not began_at_provider(request)
        except DatabaseError:
            is_local = True
        return {"password": is_local, "codes": is_local and are_on()}

    return {"account_links": links}
