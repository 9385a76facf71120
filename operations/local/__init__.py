"""Run the whole system on one machine: PostgreSQL, the embedded AWS, the portal and the worker."""
