"""Secrets of sources: encrypted in the database, or taken from an environment variable or a file.

The key is ``FERMON_SOURCE_KEY``, else a file in the data directory that no backup contains. So neither the
database nor a backup discloses a password of the plant.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from monitoring.kernel.key_files import read_or_make
from monitoring.kernel.secret_references import FROM_ENVIRONMENT, SecretError, from_environment

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

KEY_FILE = "source_key"
SEALED = "sealed:"
FILE = "file:"
STORED = "stored"
MOST_BYTES = 65_536


def seal(secret: str) -> str:
    """Return the stored form of a secret: encrypted, but a reference (``env:NAME``, ``file:/path``) as given.

    Raises:
        SecretError: the key is invalid.
    """
    return secret if is_reference(secret) else SEALED + key().encrypt(secret.encode()).decode()


def is_reference(secret: str) -> bool:
    """Return whether a text names an environment variable or a file."""
    return bool(FROM_ENVIRONMENT.fullmatch(secret)) or secret.startswith(FILE)


def shown(stored: str) -> str:
    """Return the public part of a stored secret: the reference, "stored", or an empty text."""
    if is_reference(stored):
        return stored
    return STORED if stored else ""


def reveal(stored: str) -> str:
    """Return the secret of a stored form.

    Raises:
        SecretError: a reference leads nowhere, or the secret was encrypted with another key.
    """
    from cryptography.fernet import InvalidToken

    found = from_environment(stored, process="sources")
    if found is not None:
        return found
    if stored.startswith(FILE):
        return from_file(Path(stored.removeprefix(FILE)))
    try:
        return key().decrypt(stored.removeprefix(SEALED).encode()).decode()
    except InvalidToken:
        raise SecretError(
            "The stored secret was encrypted with another key. Type the secret again, or restore"
            f" FERMON_SOURCE_KEY or {KEY_FILE} in the data directory."
        ) from None


def from_file(path: Path) -> str:
    """Return the text of a file, without white space around.

    Raises:
        SecretError: the file can't be read, is empty or too long.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise SecretError(f"The secret's file {path} can't be read: {reason}.") from None
    if not text.strip() or len(text) > MOST_BYTES:
        raise SecretError(f"The secret's file {path} is empty or longer than {MOST_BYTES} characters.")
    return text.strip()


def key() -> "Fernet":
    """Return the key that encrypts secrets.

    Raises:
        SecretError: the setting or the file holds no such key.
    """
    # Imported at the first use: 10 MB that a plant without such secrets spares.
    from cryptography.fernet import Fernet

    given: str = settings.FERMON_SOURCE_KEY
    path = settings.FERMON_DATA_DIR / KEY_FILE
    try:
        return Fernet(given.encode() or read_or_make(path, Fernet.generate_key))
    except ValueError:
        origin = "FERMON_SOURCE_KEY" if given else str(path)
        raise SecretError(
            f"{origin} holds no key. Expected 32 bytes in URL-safe base64, as made by"
            " python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'."
        ) from None
