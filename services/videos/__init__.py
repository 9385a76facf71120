"""Videos from upload to result: uploads, records, claims, receipts, the outbox and stale videos."""
