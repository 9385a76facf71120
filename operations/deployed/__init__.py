"""The operator's commands on what is deployed: how it stands, its logs, more instances, the release before."""
