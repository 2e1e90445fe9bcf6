"""Webhooks: a signed POST of JSON to an address."""
