"""The kinds of channels: for each, its form, its sender and its limits."""
