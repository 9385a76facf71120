"""gunicorn, set up for the portal."""
