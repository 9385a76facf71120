"""Load balancer, certificate, web firewall and access logs."""
