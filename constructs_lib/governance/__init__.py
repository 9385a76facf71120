"""Profiles, security rules, cost estimate and IAM report."""
