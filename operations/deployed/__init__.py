"""Commands for an existing deployment: `status`, `logs`, `open`, `scale`, `rollback`."""
