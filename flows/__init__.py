"""Flows that read like the playbook: order and decisions, nothing else."""
