"""The hub: what is fetched from it, what is published on it, and what never leaves."""
