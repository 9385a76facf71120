"""What every service uses: AWS clients, database, queue, storage, secrets, telemetry, migrations."""
