"""The key pair by which push services know this installation (VAPID, RFC 8292), and its contact address.

The private key is made once and lies in the data directory. A browser's subscription belongs to the public
key, so all machines of an installation need the same file.
"""

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User

from monitoring.kernel.key_files import read_or_make

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

FILE = "push_key.pem"


class PushKeyError(Exception):
    """A key file that holds no such key, or no contact; the message says what to do."""


def public_key() -> str:
    """Return the public key as browsers want it: the point in 65 bytes, in URL-safe base64."""
    return as_text(public_bytes(private_key()))


def private_key() -> "EllipticCurvePrivateKey":
    """Return the private key; make its file if missing.

    Raises:
        PushKeyError: the file holds no key of the curve P-256.
    """
    # Imported at the first use: 10 MB that a plant without web push spares.
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = settings.FERMON_DATA_DIR / FILE
    try:
        found = load_pem_private_key(read_or_make(path, new_key), password=None)
    except ValueError:
        found = None
    if isinstance(found, EllipticCurvePrivateKey) and isinstance(found.curve, SECP256R1):
        return found
    raise PushKeyError(f"{path} holds no key for web push. Restore the file, or delete it for a new key.")


def new_key() -> bytes:
    """Return a new private key in PEM."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_bytes(key: "EllipticCurvePrivateKey") -> bytes:
    """Return the public key as an uncompressed point."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def as_text(data: bytes) -> str:
    """Return URL-safe base64 without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def contact() -> str:
    """Return the address at which the operators of push services can reach the plant.

    Raises:
        PushKeyError: nobody has given one.
    """
    found: str = settings.FERMON_PUSH_CONTACT or settings.FERMON_EMAIL_FROM or _administrator()
    if not found:
        raise PushKeyError(
            "Web push needs a contact. Set FERMON_PUSH_CONTACT to mailto:name@host or https://..."
        )
    return found if found.startswith(("mailto:", "https://")) else f"mailto:{found}"


def _administrator() -> str:
    found = User.objects.filter(is_superuser=True, is_active=True).exclude(email="").order_by("pk").first()
    return found.email if found else ""
