"""PostgreSQL, its alarms and its connection budget."""
