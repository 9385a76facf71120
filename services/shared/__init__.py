"""What the portal and the worker share: database, votes, storage, queue, telemetry."""
