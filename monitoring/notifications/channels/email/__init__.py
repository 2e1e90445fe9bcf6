"""E-mail, by the site's mail server or one of the channel's own."""
