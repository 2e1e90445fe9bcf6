"""Read requests in bounded time and space, between the server and Django, before they take a thread."""
