"""Buckets and secrets."""
