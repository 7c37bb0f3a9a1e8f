"""What pages tell of values, runs, deployments and services, worked out once for all routes that tell it."""
