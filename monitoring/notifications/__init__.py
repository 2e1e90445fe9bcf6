"""Notifications: who is notified of an alarm, when, and by which channel; and the delivery of messages."""
