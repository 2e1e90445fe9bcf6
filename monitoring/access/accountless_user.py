"""The user of a request whose credentials belong to no account."""


class AccountlessUser:
    """A user as Django and DRF expect one. No account exists, so pages and admin deny access."""

    __slots__ = ()

    pk = None
    is_authenticated = True
    is_active = True
    is_anonymous = False
    is_staff = False
    is_superuser = False
