"""Queues, their workers, sizing and backlog scaling."""
