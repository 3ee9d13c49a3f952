"""The clock of the database's server: one for all processes, so that theirs may differ."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, extract, func, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement


class ServerTime(FunctionElement[int]):
    """The server's time in microseconds since 1970 UTC; 0 where there is no server: its processes share one clock."""

    name = "server_time"
    inherit_cache = True
    type = BigInteger()


@compiles(ServerTime)
def _of_no_server(_element: ServerTime, compiler: Any, **options: Any) -> str:
    text: str = compiler.process(literal_column("0"), **options)
    return text


@compiles(ServerTime, "postgresql")
def _of_postgresql(_element: ServerTime, compiler: Any, **options: Any) -> str:
    seconds = extract("epoch", func.clock_timestamp())  # now() would be when the transaction began
    text: str = compiler.process(cast(seconds * literal_column("1000000"), BigInteger), **options)
    return text


@compiles(ServerTime, "mysql")
@compiles(ServerTime, "mariadb")
def _of_mariadb(_element: ServerTime, compiler: Any, **options: Any) -> str:
    # UTC_TIMESTAMP() would be when the statement began, before it waited for the head's lock. Connections are in UTC:
    # a local time comes twice when daylight saving ends.
    now: ColumnElement[Any] = literal_column("SYSDATE(6)")  # func.sysdate takes no precision
    since = func.timestampdiff(literal_column("MICROSECOND"), literal_column("'1970-01-01'"), now)
    text: str = compiler.process(since, **options)
    return text
