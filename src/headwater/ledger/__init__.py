"""What happened: events, the answers worked out from them, requests and leases, in SQLite."""
