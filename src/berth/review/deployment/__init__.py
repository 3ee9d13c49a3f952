"""A deployment of Berth: rights really held, files, addresses, TLS, tokens and policy."""
