"""Accounts: identity of the caller, passwords, revoked tokens and signing keys."""
