"""Profiles, security rules, cost and IAM reports."""
