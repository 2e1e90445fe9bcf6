"""TLS to other servers, verified alike by each version of Python."""

import ssl


def verifying_context(*, cafile: str | None = None, cadata: str | None = None) -> ssl.SSLContext:
    """Return a context that verifies certificates and host names, by default with the system's authorities.

    From version 3.13 on Python also refuses certificates that lack extensions of RFC 5280, which private
    authorities often leave out: a broker or mail server would be out of reach after an upgrade of Python.

    Raises:
        OSError: the file can't be read, or has no certificate.
        ValueError: the text has no certificate.
    """
    context = ssl.create_default_context(cafile=cafile, cadata=cadata)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
