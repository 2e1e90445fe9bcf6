"""Targets that a channel may not reach."""


class RefusedTargetError(Exception):
    """A target that Fermon does not connect to; the message says why and what to do."""


def refusal(host: str) -> str:
    """Return the sentence for a host all of whose addresses are refused."""
    return (
        f"{host} is an address of this machine, a link-local or a multicast one."
        " Enter another host, or allow local targets for this channel."
    )
