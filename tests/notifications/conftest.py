"""Fixtures of the notifications' tests."""

from tests.notifications.desk import desk

__all__ = ["desk"]
