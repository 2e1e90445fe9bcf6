"""Packages that only some functions need; a plain installation lacks them."""

import importlib
from typing import Any


class MissingPackageError(ValueError):
    """A package is not installed; the message says how to install it."""


def load(module: str, *, package: str, requirements: str = "requirements-ml.txt") -> Any:
    """Return a module of an optional package.

    Raises:
        MissingPackageError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackageError(
            f"The package {package} is not installed. Install it where Fermon runs:"
            f" .venv/bin/pip install -r {requirements}"
        ) from error
