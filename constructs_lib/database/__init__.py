"""PostgreSQL databases, their alarms and their connection budget."""
