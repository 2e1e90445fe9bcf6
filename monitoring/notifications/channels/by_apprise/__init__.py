"""Channels by Apprise, which knows the services' APIs. Each message is sent by a process of its own.

A thread in which Apprise hangs cannot be ended, and Apprise follows redirects, connects to any address and
says nothing of Retry-After. A process ends with all that it holds, and watches its own connections.
"""
