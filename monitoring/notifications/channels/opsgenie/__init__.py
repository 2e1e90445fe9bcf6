"""Opsgenie, by its alert API: Apprise can't close an alert that another process has opened."""
