"""Berth against Placement's own functional suite, and against Placement's own command-line client.

The 79 files of the suite (1,316 tests, "gabbi" YAML) are read from the installed ``openstack-placement``; nothing of
them is copied here.  Each file gets a server of its own with an empty database, is filled over REST with its
fixture, and is run over HTTP.  Every test of every file is one result of pytest.

Settings, all from the environment:

``CONFORMANCE_SERVER``
    ``berth`` (the default), or ``peer``: the real Placement, the control of this harness.
``BERTH_COMMAND``
    The command line for ``berth``; by default ``-m berth`` of the running interpreter.
``BERTH_TEST_DATABASE``, ``BERTH_TEST_POSTGRESQL``, ``BERTH_TEST_MARIADB``
    The database that Berth runs on, and its address; see `tests.support.databases`.  Unless one is chosen, every
    file runs on SQLite, and those of `suites.CORE` on PostgreSQL and MariaDB as well.
``CONFORMANCE_OPTIONS``
    Further words for the server's command line, such as ``--workers 2``.
``CONFORMANCE_JOBS``
    How many files run at once: 2 unless said otherwise.
"""
