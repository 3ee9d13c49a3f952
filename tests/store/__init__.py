"""Berth's databases: SQLite, PostgreSQL and MariaDB, on servers where databases may be made and dropped.

``BERTH_TEST_POSTGRESQL``, ``BERTH_TEST_MARIADB``
    SQLAlchemy URLs of those servers, as an administrator; unless given, 127.0.0.1 and the ports that are usual.
``BERTH_TEST_DATABASE``
    ``sqlite``, ``postgresql`` or ``mariadb``: every test that opens a ledger runs on that one, and on no other.
    Unless given, tests run on all three; those that take long as a whole on SQLite, and in part on the others.
``CI``
    If ``true``, a database that is not there fails the tests; elsewhere they are skipped, and say why.
"""
