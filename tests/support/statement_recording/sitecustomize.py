"""Loaded by Python itself, in every process that tests start."""

import berth_loop
import berth_statements

berth_statements.record_later()
berth_loop.record_later()
