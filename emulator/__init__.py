"""AWS on one machine: moto with corrections, and Debian 13 containers that boot as EC2 instances, isolated."""
