"""Alarms, topics, dashboards, metrics and log queries."""
