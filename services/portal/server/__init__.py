"""The portal's gunicorn server."""
