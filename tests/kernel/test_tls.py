"""TLS to other servers is verified alike by each version of Python."""

import ssl

from monitoring.kernel.tls import verifying_context


def test_certificates_and_names_are_verified_but_not_extensions_that_private_authorities_omit() -> None:
    context = verifying_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
