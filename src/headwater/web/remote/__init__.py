"""What the server does for machines that work with its store over HTTP: their leases, commits and uploads."""
