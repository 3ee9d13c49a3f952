"""Berth's databases: SQLite, PostgreSQL and MariaDB, on servers where databases may be made and dropped.

``BERTH_TEST_POSTGRESQL``, ``BERTH_TEST_MARIADB``
    SQLAlchemy URLs of those servers, as an administrator; unless given, 127.0.0.1 and the ports that are usual.
``CI``
    If ``true``, a database that is not there fails the tests; elsewhere they are skipped, and say why.
"""
