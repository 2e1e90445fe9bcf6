"""Between the server and Django: requests are read in bounded time and space before they take a thread."""
