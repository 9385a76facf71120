"""Shared by all services: AWS clients, database, queue, storage, secrets, telemetry, migrations."""
