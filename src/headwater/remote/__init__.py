"""A store and ledger on a server, used over HTTP with the token of a person or a service."""
