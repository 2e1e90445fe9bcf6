"""The form of web push. It has no fields: each browser adds itself as a subscription of the channel."""

from monitoring.notifications.channels.kind import Field

FIELDS: tuple[Field, ...] = ()
