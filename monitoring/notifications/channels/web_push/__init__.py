"""Web push: messages to browsers of phones and computers, without an app."""
