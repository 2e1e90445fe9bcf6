"""The one signal between rooms: measurements were stored. ``live`` publishes it."""

from django.dispatch import Signal

# Sent inside the storing transaction, without arguments. Receivers must do nothing before its commit.
stored = Signal()
