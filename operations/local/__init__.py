"""Run the whole system on one machine: PostgreSQL, the AWS emulator, the portal and the worker."""
