"""The services, a file each: the form, and the arguments of Apprise's plugin."""
