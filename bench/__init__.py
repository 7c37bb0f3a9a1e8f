"""How fast Headwater is, measured beside its peers and the limits of the machine: `make bench`."""
