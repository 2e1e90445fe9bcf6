"""Settings that each PostgreSQL shares: primary and replica."""

from typing import Any


def use_postgresql(database: dict[str, Any], options: dict[str, Any], *, pool: int, wait_s: float) -> None:
    """Add options to the settings of a database, and a pool of up to ``pool`` connections unless that is 0.

    Options of the database's address win.
    """
    given = database.get("OPTIONS", {})
    database["OPTIONS"] = options | given
    if "options" in given:  # join both texts: the later of two values of an option wins
        database["OPTIONS"]["options"] = f"{options['options']} {given['options']}"
    database["CONN_MAX_AGE"] = None
    if pool:
        from fermon_site.pooling import pool_options  # not on SQLite: the import takes time

        database["CONN_MAX_AGE"] = 0  # return the connection after each request
        database["OPTIONS"]["pool"] = pool_options(most=pool, wait_s=wait_s)
