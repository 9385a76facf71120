"""Uploads through forms and directly to the bucket."""
