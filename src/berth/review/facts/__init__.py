"""Facts of source code and its files that are wrong in themselves: constants, routes, transactions, patterns."""
