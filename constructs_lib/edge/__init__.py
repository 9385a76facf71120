"""Load balancers, certificates, web firewalls and access logs."""
