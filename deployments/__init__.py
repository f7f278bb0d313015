"""What Prefect starts and when: the list of bundles, the deployments made from it, and a first look at all of it."""
