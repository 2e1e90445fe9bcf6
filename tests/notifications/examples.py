"""Fields of a channel of each kind, as an administrator enters them."""

FIELDS: dict[str, dict[str, str]] = {
    "email": {"to": "anna@plant.example"},
    "webhook": {"url": "https://plant.example/hook", "secret": "hush-hush"},
    "web_push": {},
    "slack": {"webhook_url": "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"},
    "teams": {
        "webhook_url": "https://prod-1.westeurope.logic.azure.com:443/workflows/643e69f83c8944/triggers/manual"
        "/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYFr0z0eu"
    },
    "telegram": {"token": "123456789:abcdefghijklmnopqrstuvwxyz_-12345", "chat": "-1001234567890"},
    "ntfy": {"topic": "plant", "token": "tk_secret"},
    "sms": {
        "account_sid": "AC1234567890abcdef1234567890abcdef",
        "auth_token": "b" * 32,
        "from": "+15005550006",
        "to": "+491707654321",
    },
    "pagerduty": {"integration_key": "0123456789abcdef0123456789abcdef", "region": "eu"},
    "opsgenie": {"api_key": "eb243592-faa2-4ba2-a551-1afdf565c889"},
    "signal": {"server": "http://signal.plant.example:8080", "from": "+491701234567", "to": "+491707654321"},
}
